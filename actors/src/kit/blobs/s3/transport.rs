//! The way to S3, and the one file that names the crates of the S3 client.
//!
//! Decision: rusoto makes and signs the requests, and our own transport over reqwest carries them. Reason: rusoto's own has a TLS of
//! years ago. What would change our mind: a client for S3 that is kept and takes a transport.

use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use rusoto_core::credential::{AwsCredentials, StaticProvider};
use rusoto_core::request::{DispatchSignedRequestFuture, HttpResponse};
use rusoto_core::signature::{SignedRequest, SignedRequestPayload};
use rusoto_core::{Client, DispatchSignedRequest, HttpDispatchError, Region};

pub(super) use rusoto_core::{ByteStream, RusotoError};
pub(super) use rusoto_s3::{
    AbortMultipartUploadRequest, CompleteMultipartUploadRequest, CompletedMultipartUpload, CompletedPart, CopyObjectRequest,
    CreateMultipartUploadRequest, DeleteObjectRequest, GetObjectRequest, HeadObjectRequest, ListMultipartUploadsRequest,
    ListObjectsV2Request, ListPartsRequest, PutObjectRequest, S3, S3Client, UploadPartCopyRequest, UploadPartRequest,
};

use super::settings::{Bucket, WrongSettings};
use crate::kit::blobs::url::LONGEST_SECS;
use crate::kit::blobs::{PartNumber, Upload};

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(10);
/// How long an answer may take to begin, once all of the request was sent that does not stream.
const ANSWERING: Duration = Duration::from_secs(60);
/// How often an idle peer is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Returns a client that is fit for one bucket.
pub(super) fn client(bucket: &Bucket) -> Result<S3Client, WrongSettings> {
    let http = reqwest::Client::builder()
        .connect_timeout(CONNECTING)
        .tcp_keepalive(KEEPALIVE)
        // A redirect of S3 leads to another region, for which another signature is needed.
        .redirect(reqwest::redirect::Policy::none())
        .build();
    let http = http.map_err(|error| WrongSettings::Transport(error.to_string()))?;
    let Bucket { access_key_id, secret_access_key, .. } = bucket.clone();
    let provider = StaticProvider::new_minimal(access_key_id, secret_access_key);
    let transport = Transport { http, bucket: bucket.clone() };
    Ok(S3Client::new_with_client(Client::new_with(provider, transport), region(bucket)))
}

/// Returns the address to which a part may be sent for `valid_secs`.
pub(super) fn presigned_part(bucket: &Bucket, upload: &Upload, number: PartNumber, valid_secs: u32) -> String {
    let mut request = SignedRequest::new("PUT", "s3", &region(bucket), &bucket.path(upload.key.as_str()));
    request.set_hostname(bucket.host());
    request.add_param("partNumber", number.to_string().as_str());
    request.add_param("uploadId", upload.id.as_str());
    let valid = Duration::from_secs(u64::from(valid_secs.min(LONGEST_SECS)));
    request.generate_presigned_url(&credentials(bucket), &valid, false)
}

fn region(bucket: &Bucket) -> Region {
    Region::Custom { name: bucket.region.clone(), endpoint: bucket.endpoint.clone() }
}

fn credentials(bucket: &Bucket) -> AwsCredentials {
    AwsCredentials::new(bucket.access_key_id.as_str(), bucket.secret_access_key.as_str(), None, None)
}

/// Carries signed requests to the bucket.
struct Transport {
    http: reqwest::Client,
    bucket: Bucket,
}

impl DispatchSignedRequest for Transport {
    fn dispatch(&self, mut request: SignedRequest, _: Option<Duration>) -> DispatchSignedRequestFuture {
        self.move_bucket(&mut request);
        let (http, mut request) = (self.http.clone(), request);
        Box::pin(async move {
            let payload = request.payload.take();
            let streams = matches!(payload, Some(SignedRequestPayload::Stream(_)));
            let sending = translate(&http, &request, payload)?.send();
            let answer = if streams { sending.await } else { within(ANSWERING, sending).await? };
            Ok(answered(answer.map_err(|error| failure(&error))?))
        })
    }
}

impl Transport {
    /// The client puts the bucket into the path. Where it belongs before the host, the request is signed again.
    fn move_bucket(&self, request: &mut SignedRequest) {
        let Some(host) = self.bucket.host() else { return };
        let in_path = format!("/{}", self.bucket.name);
        let key = request.path.strip_prefix(&in_path).unwrap_or(&request.path).trim_start_matches('/').to_owned();
        request.path = self.bucket.path(&key);
        request.set_hostname(Some(host));
        request.sign(&credentials(&self.bucket));
    }
}

fn translate(
    http: &reqwest::Client,
    request: &SignedRequest,
    payload: Option<SignedRequestPayload>,
) -> Result<reqwest::RequestBuilder, HttpDispatchError> {
    let wrong = |what: &str| HttpDispatchError::new(format!("a {what} that cannot be sent"));
    let mut url = format!("{}://{}{}", request.scheme(), request.hostname(), request.canonical_path());
    if !request.canonical_query_string().is_empty() {
        url = format!("{url}?{}", request.canonical_query_string());
    }
    let method = reqwest::Method::from_bytes(request.method().as_bytes()).map_err(|_| wrong("method"))?;
    let mut translated = http.request(method, url);
    for (name, values) in request.headers() {
        for value in values {
            translated = translated.header(name, value.as_slice());
        }
    }
    Ok(match payload {
        None => translated,
        Some(SignedRequestPayload::Buffer(bytes)) => translated.body(bytes),
        Some(SignedRequestPayload::Stream(stream)) => translated.body(reqwest::Body::wrap_stream(stream)),
    })
}

fn answered(answer: reqwest::Response) -> HttpResponse {
    let headers = answer.headers().iter().filter_map(|(name, value)| {
        let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
        Some((name.as_str().parse().ok()?, text))
    });
    let headers = headers.collect();
    let status = answer.status().as_u16().try_into().unwrap_or_default();
    let body = answer.bytes_stream().map_err(|error| std::io::Error::other(error.without_url())).boxed();
    HttpResponse { status, headers, body: ByteStream::new(body) }
}

async fn within<T>(limit: Duration, sending: impl Future<Output = T>) -> Result<T, HttpDispatchError> {
    let waited = tokio::time::timeout(limit, sending).await;
    waited.map_err(|_| HttpDispatchError::new("it does not answer".to_owned()))
}

/// Without the address, in which a signature may stand, but with the cause, which is what an operator needs.
fn failure(error: &reqwest::Error) -> HttpDispatchError {
    let mut text = String::from(if error.is_connect() { "no connection" } else { "the request broke off" });
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    HttpDispatchError::new(text)
}
