//! What holds of the repository itself: its pages, and which file may know which.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod pages;
mod rooms;
