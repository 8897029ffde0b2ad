//! The manifest and the OpenAPI document, over real HTTP and through the sandbox.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod manifest;
mod openapi;
mod registries;
mod unlisted;
