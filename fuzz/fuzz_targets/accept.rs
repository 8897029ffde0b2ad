#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| l402_fuzz::accept::check(input));
