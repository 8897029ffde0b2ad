//! Streams
