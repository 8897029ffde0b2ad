//! The manifest and the OpenAPI document, over real HTTP and through the sandbox.

mod manifest;
mod openapi;
mod registries;
mod unlisted;
