//! The usual encodings of a value: how it looks when a server, a library or a log has passed it on.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use zeroize::Zeroizing;

type Shape = Zeroizing<Vec<u8>>;

/// The value itself and its usual encodings, each once.
pub(super) fn encodings(value: &[u8]) -> Vec<Shape> {
    let mut shapes: Vec<Shape> = vec![
        Zeroizing::new(value.to_vec()),
        hex(value, "0123456789abcdef"),
        hex(value, "0123456789ABCDEF"),
        percent(value, "0123456789ABCDEF", false),
        percent(value, "0123456789abcdef", false),
        percent(value, "0123456789ABCDEF", true),
        percent(value, "0123456789abcdef", true),
        // As it looks where it was text on its way.
        Zeroizing::new(String::from_utf8_lossy(value).as_bytes().to_vec()),
        json(value, false),
        json(value, true),
        html(value, "&#39;"),
        html(value, "&#x27;"),
    ];
    let base64 = base64_shapes(value);
    shapes.extend(base64.iter().map(|shape| percent(shape, "0123456789ABCDEF", false)));
    shapes.extend(base64);
    shapes.sort_by(|one, other| other.len().cmp(&one.len()).then_with(|| one.cmp(other)));
    shapes.dedup();
    shapes
}

fn hex(value: &[u8], digits: &str) -> Shape {
    let digits = digits.as_bytes();
    let pairs =
        value.iter().flat_map(|byte| [digits[usize::from(byte >> 4)], digits[usize::from(byte & 15)]]);
    Zeroizing::new(pairs.collect())
}

/// Percent-encoded as in a URL, or as in a form, where a space is a plus.
fn percent(value: &[u8], digits: &str, form: bool) -> Shape {
    let mut out = Zeroizing::new(Vec::with_capacity(3 * value.len()));
    for byte in value {
        match byte {
            b' ' if form => out.push(b'+'),
            byte if byte.is_ascii_alphanumeric() || b"-_.~".contains(byte) => out.push(*byte),
            b'!' | b'*' | b'\'' | b'(' | b')' if !form => out.push(*byte),
            byte => {
                out.push(b'%');
                out.extend_from_slice(&hex(&[*byte], digits));
            }
        }
    }
    out
}

/// As in a JSON string; what is not ASCII escaped too, or the slash.
fn json(value: &[u8], more: bool) -> Shape {
    let mut out = Zeroizing::new(Vec::with_capacity(2 * value.len()));
    for letter in String::from_utf8_lossy(value).chars() {
        match letter {
            '"' | '\\' => out.extend_from_slice(&[b'\\', letter as u8]),
            '/' if more => out.extend_from_slice(b"\\/"),
            letter if more && (!letter.is_ascii() || "<>&'".contains(letter)) => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
            letter => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

fn html(value: &[u8], apostrophe: &str) -> Shape {
    let mut out = Zeroizing::new(Vec::with_capacity(2 * value.len()));
    for byte in value {
        match byte {
            b'&' => out.extend_from_slice(b"&amp;"),
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\'' => out.extend_from_slice(apostrophe.as_bytes()),
            byte => out.push(*byte),
        }
    }
    out
}

/// By itself, to the last letter; within other text, what is the same wherever it stands.
fn base64_shapes(value: &[u8]) -> Vec<Shape> {
    let mut shapes =
        vec![Zeroizing::new(STANDARD.encode(value).into()), Zeroizing::new(URL_SAFE.encode(value).into())];
    for before in 0..3 {
        shapes.push(base64_within(&STANDARD_NO_PAD, value, before));
        shapes.push(base64_within(&URL_SAFE_NO_PAD, value, before));
    }
    shapes
}

/// What is the same in the base64 of every text that has the value behind `before` bytes, counted in threes.
fn base64_within(engine: &impl base64::Engine, value: &[u8], before: usize) -> Shape {
    let padded: Shape = Zeroizing::new(std::iter::repeat_n(0, before).chain(value.iter().copied()).collect());
    let encoded = Zeroizing::new(engine.encode(&*padded));
    // A letter is six bits; those that hold bits of what stands before or behind are left out.
    let (first, last) = ((before * 8).div_ceil(6), padded.len() * 8 / 6);
    Zeroizing::new(encoded.as_bytes()[first..last].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Wherever in a text the value stands, the text's base64 holds one of the shapes.
        #[test]
        fn base64_is_known_at_every_place(
            before in prop::collection::vec(any::<u8>(), 0..7),
            value in "[!-~]{8,24}",
            behind in prop::collection::vec(any::<u8>(), 0..7),
        ) {
            let text = [&before[..], value.as_bytes(), &behind].concat();
            let encoded = STANDARD.encode(text).into_bytes();
            let shapes = encodings(value.as_bytes());
            prop_assert!(shapes.iter().any(|shape| encoded.windows(shape.len()).any(|window| window == &***shape)));
        }
    }

    #[test]
    fn every_shape_is_there() {
        let value = br#"a/b "c"&'d<\"#;
        let shapes = encodings(value);
        let known = [
            "612f62",
            "a%2Fb%20%22c%22%26'd%3C%5C",
            "a%2fb+%22c%22%26%27d%3c%5c",
            r#"a/b \"c\"&'d<\\"#,
            r#"a\/b \"c\"\u0026\u0027d\u003c\\"#,
            "a/b &quot;c&quot;&amp;&#x27;d&lt;\\",
        ];
        for shape in known {
            assert!(shapes.iter().any(|known| known.starts_with(shape.as_bytes())), "{shape}");
        }
        assert!(shapes.iter().all(|shape| shape.len() >= 8), "no shape is shorter than the shortest value");
    }
}
