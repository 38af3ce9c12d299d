//! Paths of requests: any text gives one form or an error; the form stays as it is, begins with a
//! slash and has no way up in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_policy::request::normalise;

fuzz_target!(|text: &str| {
    let Ok(normalised) = normalise(text) else { return };
    let again = normalise(&normalised.path).expect("a form is one");
    assert_eq!(again.path, normalised.path);
    assert!(!again.is_redirected);
    let path = again.path.split('?').next().unwrap_or_default();
    assert!(path == "*" || path.starts_with('/'));
    assert!(!path.split('/').any(|segment| matches!(segment, "." | "..")));
});
