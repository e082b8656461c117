//! Whatever is typed as a size or a time: it is refused, or shown in a way that means no less when it is typed again.
#![no_main]

use belljar::units::{Duration, Size};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(size) = text.parse::<Size>()
        && let Ok(again) = size.to_string().parse::<Size>()
    {
        assert!(again.0 >= size.0, "{text:?} is shown as {size}, which is less");
    }
    if let Ok(time) = text.parse::<Duration>() {
        assert_eq!(time.to_string().parse(), Ok(time), "{text:?} is shown as {time}");
    }
});
