//! An app that knows `l402-actix` under another name.
