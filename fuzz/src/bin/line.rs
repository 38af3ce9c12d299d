//! Lines between control and agent: any bytes give a message or an error, and a message survives
//! being written and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use podwall_wire::node::{ToAgent, ToControl, decode, encode};

fuzz_target!(|line: &[u8]| {
    if let Ok(message) = decode::<ToAgent>(line) {
        let again = encode(&message).expect("what was read can be written");
        assert_eq!(decode::<ToAgent>(&again).expect("what was written can be read"), message);
    }
    if let Ok(message) = decode::<ToControl>(line) {
        let again = encode(&message).expect("what was read can be written");
        assert_eq!(decode::<ToControl>(&again).expect("what was written can be read"), message);
    }
});
