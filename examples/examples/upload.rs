//! Uploads that are paid for before a byte of them is read, and downloads.
//!
//! `cargo run -p l402-examples --example upload`
//!
//! A client asks with an empty body first, pays, and sends the file with the credential. One that
//! sends a large file at once may see its connection closed before it has read the 402.

use std::{
    collections::HashMap,
    future::{Ready, ready},
    sync::{Mutex, PoisonError},
};

use actix_multipart::Multipart;
use actix_web::{
    App, Error, FromRequest, HttpRequest, HttpServer, Responder,
    dev::Payload,
    error::{ErrorBadRequest, ErrorNotFound, ErrorPayloadTooLarge},
    get, post,
    web::{self, Bytes, BytesMut},
};
use futures_util::TryStreamExt as _;
use l402_actix::{L402Config, l402};
use l402_examples_setup::{Failure, Setup};
use serde_json::json;

const LARGEST: usize = 10 * 1024 * 1024;

/// Where the files are kept: in memory, so that this example leaves nothing behind. Keep yours where there
/// is room, and say for how long: 100 sats buy no 10 MiB for ever.
type Files = Mutex<HashMap<usize, Bytes>>;

/// Each upload is a payment of its own. One that the handler refuses (400, 413) has used its payment
/// up, so say what is allowed where people read it: in the description, for one.
#[post("/files")]
#[l402(price_sats = 100, description = "One upload, at most 10 MiB", single_use)]
async fn upload(mut form: Multipart, files: web::Data<Files>) -> Result<impl Responder, Error> {
    let mut field = form.try_next().await?.ok_or_else(|| ErrorBadRequest("no file"))?;
    let mut content = BytesMut::new();
    while let Some(piece) = field.try_next().await? {
        if content.len() + piece.len() > LARGEST {
            return Err(ErrorPayloadTooLarge("at most 10 MiB"));
        }
        content.extend_from_slice(&piece);
    }
    let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
    let (id, bytes) = (files.len(), content.len());
    files.insert(id, content.freeze());
    Ok(web::Json(json!({ "download": format!("/files/{id}"), "bytes": bytes })))
}

/// A file that is there.
struct Stored(Bytes);

impl FromRequest for Stored {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, body: &mut Payload) -> Self::Future {
        let id = web::Path::<usize>::from_request(request, body).into_inner();
        let files = request.app_data::<web::Data<Files>>();
        let file = files.zip(id.ok()).and_then(|(files, id)| {
            files.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
        });
        ready(file.map(Self).ok_or_else(|| ErrorNotFound("no such file")))
    }
}

/// `extract_first`, so that nobody pays for a file that is not there. The token opens this file for an
/// hour: a download that broke off is asked for again.
#[get("/files/{id}")]
#[l402(price_sats = 10, description = "One file", extract_first)]
async fn download(file: Stored) -> impl Responder {
    file.0
}

#[actix_web::main]
async fn main() -> Result<(), Failure> {
    let setup = Setup::from_env().await?;
    let config = L402Config::new(setup.client());
    let first = Bytes::from_static(b"the first file\n");
    let files = web::Data::new(Files::new(HashMap::from([(0, first)])));
    let listener = setup.listen(&["{api}/files/0", "-X POST {api}/files"])?;
    println!("\nand, with the Authorization that a payment for the second gives:\n");
    println!(
        "  curl -H \"$AUTHORIZATION\" -F file=@Cargo.toml http://{}/files",
        listener.local_addr()?
    );
    let server = HttpServer::new(move || {
        App::new()
            .app_data(config.clone())
            .app_data(files.clone())
            .service(upload)
            .service(download)
    });
    Ok(server.listen(listener)?.run().await?)
}
