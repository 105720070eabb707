//! Limits how much one person, or one address, adds to what is stored, in all orders
//! together.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use order_core::ParticipantId;
use order_host::{Access, Identity, NotYet, Pace, RoomKey};

use super::place::{Place, SITE_FACTOR};

/// After this many changes, those who have added nothing for a while are forgotten.
const FORGET_AFTER: u32 = 4_096;

/// The person or address whose sockets are counted together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Somebody {
    /// A person who signed in, and the orders for which they did: a participant of another
    /// restaurant may have the same id.
    Participant { of: String, participant: ParticipantId },
    /// An address, where there is no sign-in.
    At(Place),
}

impl Somebody {
    /// The person who signed in to `room`, within the tenant, circle or room of their token.
    pub(crate) fn signed_in(identity: &Identity, room: &RoomKey) -> Self {
        let Access { tenant, circle, .. } = &identity.access;
        let of = match (tenant, circle) {
            (Some(tenant), _) => format!("tenant {}", tenant.as_str()),
            (None, Some(circle)) => format!("circle {}", circle.as_str()),
            (None, None) => format!("room {room}"),
        };
        Self::Participant { of, participant: identity.participant.clone() }
    }
}

/// Counts the bytes that each person or address has stored. Idle ones are forgotten.
pub(crate) struct Volume {
    limiter: DefaultKeyedRateLimiter<Somebody>,
    /// The same limits for IPv6 sites.
    sites: DefaultKeyedRateLimiter<Place>,
    pace: Pace,
    clock: DefaultClock,
    counted: AtomicU32,
}

impl Volume {
    /// `pace` is in bytes.
    pub(crate) fn new(pace: Pace) -> Self {
        let times = |number: NonZeroU32, factor: u8| {
            number.saturating_mul(NonZeroU32::new(factor.into()).unwrap_or(NonZeroU32::MIN))
        };
        let quota =
            |factor| Quota::per_second(times(pace.per_second, factor)).allow_burst(times(pace.burst, factor));
        Self {
            limiter: RateLimiter::keyed(quota(1)),
            sites: RateLimiter::keyed(quota(SITE_FACTOR)),
            pace,
            clock: DefaultClock::default(),
            counted: AtomicU32::new(0),
        }
    }

    /// Counts `bytes` bytes. More than a whole burst counts as one burst.
    ///
    /// # Errors
    /// When they come too early.
    pub(crate) fn count(&self, who: &Somebody, bytes: usize) -> Result<(), NotYet> {
        if self.counted.fetch_add(1, Ordering::Relaxed) % FORGET_AFTER == FORGET_AFTER - 1 {
            self.limiter.retain_recent();
            self.limiter.shrink_to_fit();
            self.sites.retain_recent();
            self.sites.shrink_to_fit();
        }
        let bytes = u32::try_from(bytes).ok().and_then(NonZeroU32::new).unwrap_or(NonZeroU32::MIN);
        let bytes = bytes.min(self.pace.burst);
        // Never more than a burst, so the inner error cannot occur.
        if let Err(early) = self.limiter.check_key_n(who, bytes).unwrap_or(Ok(())) {
            return Err(self.not_yet(early.wait_time_from(self.clock.now())));
        }
        let Somebody::At(place) = who else { return Ok(()) };
        let Some(site) = place.site() else { return Ok(()) };
        let of_site = self.sites.check_key_n(&site, bytes).unwrap_or(Ok(()));
        of_site.map_err(|early| self.not_yet(early.wait_time_from(self.clock.now())))
    }

    fn not_yet(&self, wait: Duration) -> NotYet {
        let Pace { per_second, burst } = self.pace;
        let bound = format!(
            "at most {per_second} bytes of changes a second from one person or address, {burst} at once"
        );
        NotYet { bound, wait }
    }
}

#[cfg(test)]
mod tests {
    use order_core::text::Text;

    use super::*;

    fn at(address: &str) -> Somebody {
        Somebody::At(Place::at(address.parse().unwrap()).unwrap())
    }

    #[test]
    fn one_address_and_one_person_are_held_up_and_no_other() {
        let volume = Volume::new(Pace::new(1, 1_000).unwrap());
        let mut identity = Identity::new(ParticipantId::new("asha").unwrap());
        let rooms = ["one", "two"].map(|name| RoomKey::new("main", name).unwrap());
        let [one, two] = rooms.map(|room| Somebody::signed_in(&identity, &room));
        identity.access.tenant = Some(Text::exact("cafe-1", 100).unwrap());
        let of_a_tenant = Somebody::signed_in(&identity, &RoomKey::new("main", "one").unwrap());
        for who in [at("192.0.2.1"), one, two, of_a_tenant] {
            assert!(volume.count(&who, 900).is_ok());
            let early = volume.count(&who, 900).unwrap_err();
            assert!(early.wait > Duration::from_secs(600), "{early:?}");
        }
        assert!(volume.count(&at("192.0.2.2"), 5_000).is_ok(), "more than a burst counts as one");
        assert!(volume.count(&at("192.0.2.2"), 1).is_err());
    }

    #[test]
    fn the_networks_of_a_site_share_what_four_of_them_have() {
        let volume = Volume::new(Pace::new(1, 1_000).unwrap());
        let taken =
            (0..20).filter(|network| volume.count(&at(&format!("2001:db8:0:{network}::1")), 1_000).is_ok());
        assert_eq!(taken.count(), 4);
    }
}
