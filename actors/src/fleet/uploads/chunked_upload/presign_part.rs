//! `POST /chunked-upload/presign-part`: a new address for one part.

use actix::{Context, Handler};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::uploads::chunked_upload::invalid_part_number;
use hubbub_protocol::fleet::uploads::chunked_upload::presign_part::{PartPresigned, PresignPart};

use super::start::VALID_SECS;
use super::{ChunkedUpload, route};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;

impl Routed for PresignPart {
    type Actor = ChunkedUpload;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<ChunkedUpload>>, Fault> {
        route(ask.body.part()?.0)
    }
}

impl Handler<Ask<PresignPart>> for ChunkedUpload {
    type Result = Result<PartPresigned, Fault>;

    fn handle(&mut self, ask: Ask<PresignPart>, _: &mut Context<Self>) -> Self::Result {
        let (asked, part_number) = ask.body.part()?;
        let state = self.open(&asked)?;
        let number = state.part(part_number).ok_or_else(invalid_part_number)?;
        let url = self.files().blobs.presign(&self.upload(&state), number, VALID_SECS);
        Ok(PartPresigned::new(part_number, self.files().address(url)))
    }
}
