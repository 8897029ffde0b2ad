//! The helpers the tests share.
