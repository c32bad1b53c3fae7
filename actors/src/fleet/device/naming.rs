//! The name that people give to this headset: on disk before it is answered.

use actix::{ActorFutureExt, AtomicResponse, Context, Handler, fut};
use hubbub_protocol::fault::Fault;
use hubbub_protocol::fleet::devices::{DeviceNamed, NameDevice};

use super::{Device, Telling};
use crate::kit::ask::{Ask, KeyOf, Route, Routed};
use crate::kit::deps::Deps;
use crate::kit::registry::Entity;
use crate::kit::snapshot::{Committed, Persist};

impl Routed for NameDevice {
    type Actor = Device;

    fn route(ask: &Ask<Self>, _: &Deps) -> Result<Route<KeyOf<Device>>, Fault> {
        let device = ask.body.device()?;
        ask.body.name()?;
        // A device that nobody has seen yet gets its name as well.
        Ok(Route::Summon(device))
    }
}

impl Handler<Ask<NameDevice>> for Device {
    type Result = AtomicResponse<Self, Result<DeviceNamed, Fault>>;

    fn handle(&mut self, ask: Ask<NameDevice>, _: &mut Context<Self>) -> Self::Result {
        let name = match ask.body.name() {
            Ok(name) => name.to_owned(),
            Err(fault) => return AtomicResponse::new(Box::pin(fut::ready(Err(fault)))),
        };
        let before = self.state.rename(&name, self.deps.now());
        let named = fut::wrap_future::<_, Self>(self.save_name()).map(move |saved, device, _| match saved {
            Ok(()) => {
                device.tell_roster(Telling::Change);
                Ok(DeviceNamed::new(name))
            }
            Err(error) => {
                device.state.restore_name(before);
                Err(error.into())
            }
        });
        AtomicResponse::new(Box::pin(named))
    }
}

impl Device {
    fn save_name(&self) -> Committed {
        if self.state.is_blank() { self.deps.snapshots().remove(Self::KIND, self.id.as_str()) } else { self.commit(&self.deps) }
    }
}
