//! A request as its contract's type: path beats query beats headers beats body.

use std::collections::BTreeMap;

use actix_web::web::{Bytes, Path, Query};
use actix_web::{FromRequest, HttpRequest};
use hubbub_protocol::contract::{Endpoint, Method, System};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::refusals::{Malformed, Refusals};
use serde_json::value::RawValue;

use super::body;
use super::endpoint::Call;
use super::fields::Fields;

/// Reads `C` from the request that `call` holds.
///
/// # Errors
/// The fault that the endpoint or its system names for such input.
pub async fn decode<C: Endpoint>(call: &mut Call) -> Result<C, Fault> {
    let refusals = &C::System::REFUSALS;
    let body = match C::METHOD {
        Method::Get => Bytes::new(),
        _ => body::read(&mut call.payload, call.edge.body, refusals).await?,
    };
    let mut fields = Fields::default();
    fields.put_body(object(&body, refusals)?);
    fields.put_texts(headers(&call.request, C::HEADERS));
    fields.put_texts(query(&call.request));
    fields.put_texts(path(&call.request).await);
    fields.read().map_err(|malformed| refuse::<C>(&malformed))
}

/// Reads the body as a JSON object; no body is an empty one.
fn object<'b>(body: &'b [u8], refusals: &Refusals) -> Result<BTreeMap<String, &'b RawValue>, Fault> {
    if body.is_empty() {
        return Ok(BTreeMap::new());
    }
    serde_json::from_slice(body).map_err(|_| refusals.invalid_json.fault())
}

fn headers(request: &HttpRequest, wanted: &[(&str, &str)]) -> Vec<(String, String)> {
    let texts = wanted.iter().filter_map(|(header, field)| {
        let text = request.headers().get(*header)?.to_str().ok()?;
        Some(((*field).to_owned(), text.to_owned()))
    });
    texts.collect()
}

fn query(request: &HttpRequest) -> Vec<(String, String)> {
    Query::from_query(request.query_string()).map(Query::into_inner).unwrap_or_default()
}

/// Returns the path's parameters, percent-decoded.
async fn path(request: &HttpRequest) -> Vec<(String, String)> {
    let names = request.match_info().iter().map(|(name, _)| name.to_owned());
    let texts: Vec<String> = Path::extract(request).await.map(Path::into_inner).unwrap_or_default();
    names.zip(texts).collect()
}

/// Finds the words for input that does not fit: the endpoint's own, or the system's with the field's name.
fn refuse<C: Endpoint>(malformed: &Malformed) -> Fault {
    if let Some(fault) = C::malformed(malformed) {
        return fault;
    }
    let mut fault = C::System::REFUSALS.invalid_input.fault();
    match malformed {
        Malformed::Missing(field) => fault.message = format!("{}: `{field}` is required", fault.message),
        Malformed::Field(field) => fault.message = format!("{}: `{field}`", fault.message),
        Malformed::Whole => {}
    }
    fault
}
