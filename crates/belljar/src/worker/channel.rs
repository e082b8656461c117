//! The socket between a parent and a worker: frames of bounded length, each with at most one descriptor.
//!
//! The kernel keeps the frames of such a socket (`SOCK_SEQPACKET`) apart: one arrives whole, with its descriptor, or not at all.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, sendmsg, socketpair,
};

use super::frame::FRAME_BYTES_MAX;
use crate::host::stopwatch::monotonic;

/// One end.
#[derive(Debug)]
pub(super) struct Channel(OwnedFd);

/// What came.
pub(super) enum Received {
    /// A frame of so many bytes, and what was attached to it.
    Frame(usize, Option<OwnedFd>),
    /// Nothing yet.
    NotYet,
    /// Nothing more will come.
    End,
    /// Something that is no frame.
    NoFrame(&'static str),
}

/// Why a frame was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    /// The other side has not read enough of what was sent before.
    Full,
    /// The other side is gone.
    Gone,
}

/// How long whoever expects a frame soon looks for it before it goes to sleep. Falling asleep and being woken takes longer than many runs do, above all on
/// a machine whose processors have nothing else to do.
pub(super) const AWAKE: Duration = Duration::from_micros(100);

/// Whether to wait for the other side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    Yes,
    No,
}

/// Room for a frame that is to be received: one more than it may have, so that a longer one is noticed.
pub(super) fn buffer() -> Vec<u8> {
    vec![0; FRAME_BYTES_MAX + 1]
}

impl Channel {
    /// Both ends.
    pub(super) fn pair() -> rustix::io::Result<(Self, OwnedFd)> {
        let (ours, theirs) =
            socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        Ok((Self(ours), theirs))
    }

    /// The end that was handed to this process.
    pub(super) fn new(end: OwnedFd) -> Self {
        Self(end)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }

    /// Sends a frame.
    ///
    /// # Errors
    ///
    /// When the other side cannot take it.
    pub(super) fn send(
        &self,
        frame: &[u8],
        attached: Option<BorrowedFd<'_>>,
        wait: Wait,
    ) -> Result<(), NotSent> {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        let attached = attached.as_slice();
        if !attached.is_empty() {
            control.push(SendAncillaryMessage::ScmRights(attached));
        }
        let mut flags = SendFlags::NOSIGNAL;
        flags.set(SendFlags::DONTWAIT, wait == Wait::No);
        loop {
            return match sendmsg(&self.0, &[IoSlice::new(frame)], &mut control, flags) {
                Ok(_) => Ok(()),
                Err(Errno::INTR) => continue,
                // A machine that is short of memory for buffers counts as a reader that is slow.
                Err(Errno::AGAIN | Errno::NOBUFS | Errno::NOMEM | Errno::TOOMANYREFS) => Err(NotSent::Full),
                Err(_) => Err(NotSent::Gone),
            };
        }
    }

    /// Sleeps until there is a frame to be received, or the other side is gone. It may be that somebody else receives it.
    pub(super) fn sleep(&self) {
        // Nothing is taken out, and what is attached stays attached.
        let flags = RecvFlags::PEEK;
        let mut control = RecvAncillaryBuffer::default();
        let _ = recvmsg(&self.0, &mut [IoSliceMut::new(&mut [0])], &mut control, flags);
    }

    /// Receives a frame that comes within a moment, for which it stays awake.
    pub(super) fn receive_soon(&self, buffer: &mut [u8]) -> Received {
        let until = monotonic() + AWAKE;
        loop {
            match self.receive(buffer, Wait::No) {
                Received::NotYet if monotonic() < until => std::thread::yield_now(),
                received => return received,
            }
        }
    }

    /// Receives a frame into `buffer`.
    pub(super) fn receive(&self, buffer: &mut [u8], wait: Wait) -> Received {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut flags = RecvFlags::CMSG_CLOEXEC;
        flags.set(RecvFlags::DONTWAIT, wait == Wait::No);
        let received = loop {
            match recvmsg(&self.0, &mut [IoSliceMut::new(buffer)], &mut control, flags) {
                Err(Errno::INTR) => {}
                received => break received,
            }
        };
        let message = match received {
            Ok(message) => message,
            Err(Errno::AGAIN) => return Received::NotYet,
            Err(_) => return Received::End,
        };
        // The space has room for more than one, which depends on where it lies. What is not kept is closed.
        let mut attached: Vec<OwnedFd> = Vec::new();
        for more in control.drain() {
            if let RecvAncillaryMessage::ScmRights(descriptors) = more {
                attached.extend(descriptors);
            }
        }
        if attached.len() > 1 || message.flags.contains(ReturnFlags::CTRUNC) {
            return Received::NoFrame("a frame has more than one descriptor");
        }
        match message.bytes {
            // There are no empty frames: this is how such a socket says that the other end is closed.
            0 => Received::End,
            bytes if bytes > FRAME_BYTES_MAX || message.flags.contains(ReturnFlags::TRUNC) => {
                Received::NoFrame("a frame is too long")
            }
            bytes => Received::Frame(bytes, attached.pop()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(channel: &Channel) -> Received {
        channel.receive(&mut buffer(), Wait::No)
    }

    #[test]
    fn frames_stay_apart_and_carry_descriptors() {
        let (ours, theirs) = Channel::pair().unwrap();
        let theirs = Channel::new(theirs);
        ours.send(b"one", None, Wait::No).unwrap();
        ours.send(b"two", Some(ours.as_fd()), Wait::No).unwrap();
        assert!(matches!(received(&theirs), Received::Frame(3, None)));
        assert!(matches!(received(&theirs), Received::Frame(3, Some(_))));
        assert!(matches!(received(&theirs), Received::NotYet));
        drop(ours);
        assert!(matches!(received(&theirs), Received::End));
    }

    #[test]
    fn what_is_no_frame_is_noticed() {
        let (ours, theirs) = Channel::pair().unwrap();
        let theirs = Channel::new(theirs);
        ours.send(&vec![7; FRAME_BYTES_MAX], None, Wait::No).unwrap();
        assert!(matches!(received(&theirs), Received::Frame(FRAME_BYTES_MAX, None)));
        ours.send(&vec![7; FRAME_BYTES_MAX + 1], None, Wait::No).unwrap();
        assert!(matches!(received(&theirs), Received::NoFrame("a frame is too long")));
        ours.send(&vec![7; 4 * FRAME_BYTES_MAX], None, Wait::No).unwrap();
        assert!(matches!(received(&theirs), Received::NoFrame("a frame is too long")));
        for count in [2, 3, 10] {
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(10))];
            let mut control = SendAncillaryBuffer::new(&mut space);
            let several = vec![ours.as_fd(); count];
            control.push(SendAncillaryMessage::ScmRights(&several));
            sendmsg(&ours.0, &[IoSlice::new(b"several")], &mut control, SendFlags::empty()).unwrap();
            assert!(matches!(received(&theirs), Received::NoFrame("a frame has more than one descriptor")));
        }
    }

    #[test]
    fn a_reader_that_does_not_come_is_noticed() {
        let (ours, theirs) = Channel::pair().unwrap();
        let frame = vec![7; FRAME_BYTES_MAX];
        let sent = (0..1000).take_while(|_| ours.send(&frame, None, Wait::No).is_ok()).count();
        assert!((2..1000).contains(&sent), "{sent}");
        assert_eq!(ours.send(&frame, None, Wait::No), Err(NotSent::Full));
        drop(theirs);
        assert_eq!(ours.send(&frame, None, Wait::No), Err(NotSent::Gone));
    }
}
