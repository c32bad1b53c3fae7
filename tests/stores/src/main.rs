//! An S3 server that checks signatures: s3s-fs in a temporary directory, with one bucket, on a free port. It prints its address and ends
//! when its input ends.

use std::error::Error;

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

/// Who may ask; `actors/tests/stores.rs` has the same.
const ACCESS_KEY_ID: &str = "tester";
const SECRET_ACCESS_KEY: &str = "a secret of the tests";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bucket = std::env::args().nth(1).ok_or("usage: hubbub-test-stores BUCKET")?;
    let root = tempfile::tempdir()?;
    std::fs::create_dir(root.path().join(bucket))?;
    let files = FileSystem::new(root.path()).map_err(|error| format!("{error:?}"))?;
    let mut service = S3ServiceBuilder::new(files);
    service.set_auth(SimpleAuth::from_single(ACCESS_KEY_ID, SECRET_ACCESS_KEY));
    let service = service.build();

    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("http://{}", listener.local_addr()?);
    let serving = async {
        loop {
            let Ok((socket, _)) = listener.accept().await else { continue };
            let service = service.clone();
            tokio::spawn(async move {
                // Who broke off knows it.
                let server = Builder::new(TokioExecutor::new());
                let _ended = server.serve_connection(TokioIo::new(socket), service).await;
            });
        }
    };
    let (mut input, mut rest) = (tokio::io::stdin(), Vec::new());
    tokio::select! {
        () = serving => {}
        ended = input.read_to_end(&mut rest) => { ended?; }
    }
    Ok(())
}
