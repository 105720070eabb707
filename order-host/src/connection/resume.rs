//! Resume tokens, by which a socket speaks as the participant of an earlier socket.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use order_core::ParticipantId;
use rand::RngExt as _;
use sha2::Sha256;

use crate::RoomKey;

/// The key that makes and checks resume tokens. Tokens survive a restart if the key does.
///
/// A token is the participant's id and an HMAC-SHA-256 of room and participant, both in base64url: nothing of it has to be
/// stored, and it opens no other room and speaks for nobody else.
#[derive(Clone)]
pub struct ResumeKey([u8; 32]);

impl ResumeKey {
    /// Creates a key from these bytes, which must be secret.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Generates a key from the operating system's randomness.
    pub fn random() -> Self {
        Self(rand::rng().random())
    }

    /// Returns the key's bytes, to be stored as a secret.
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn token(&self, room: &RoomKey, participant: &ParticipantId) -> String {
        let proof = self.mac(room, participant).finalize().into_bytes();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(participant.as_str()), URL_SAFE_NO_PAD.encode(proof))
    }

    /// Returns the participant of a token. `None`: it was not made with this key for this room.
    pub(crate) fn prove(&self, room: &RoomKey, token: &str) -> Option<ParticipantId> {
        let (id, proof) = token.split_once('.')?;
        let id = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let participant = ParticipantId::new(&id).ok()?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        // Compares in constant time.
        self.mac(room, &participant).verify_slice(&proof).ok()?;
        Some(participant)
    }

    fn mac(&self, room: &RoomKey, participant: &ParticipantId) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(byte, key)| *byte = key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        // Neither a room's key nor an id contains a zero byte.
        for part in ["stonepot resume", room.as_str(), participant.as_str()] {
            mac.update(part.as_bytes());
            mac.update(&[0]);
        }
        mac
    }
}

impl fmt::Debug for ResumeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResumeKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_that_is_wrong_in_any_bit_is_refused() {
        let key = ResumeKey::new([7; 32]);
        let (room, asha) = (RoomKey::new("main", "table-7").unwrap(), ParticipantId::new("asha").unwrap());
        let token = key.token(&room, &asha);
        let (id, proof) = token.split_once('.').unwrap();
        let proof = URL_SAFE_NO_PAD.decode(proof).unwrap();
        assert_eq!(proof.len(), 32);
        for bit in 0..proof.len() * 8 {
            let mut wrong = proof.clone();
            wrong[bit / 8] ^= 1 << (bit % 8);
            let token = format!("{id}.{}", URL_SAFE_NO_PAD.encode(wrong));
            assert_eq!(key.prove(&room, &token), None, "bit {bit}");
        }
        for short in 0..proof.len() {
            let token = format!("{id}.{}", URL_SAFE_NO_PAD.encode(&proof[..short]));
            assert_eq!(key.prove(&room, &token), None, "{short} bytes");
        }
        assert_eq!(key.prove(&room, &token), Some(asha));
    }

    #[test]
    fn a_token_speaks_for_one_participant_of_one_room() {
        let key = ResumeKey::new([7; 32]);
        let [room, other] = ["a", "b"].map(|room| RoomKey::new("main", room).unwrap());
        let asha = ParticipantId::new("asha").unwrap();
        let token = key.token(&room, &asha);
        assert_eq!(key.prove(&room, &token), Some(asha.clone()));
        assert_eq!(key.prove(&other, &token), None);
        assert_eq!(ResumeKey::new([8; 32]).prove(&room, &token), None);
        let ben = key.token(&room, &ParticipantId::new("ben").unwrap());
        let (id, proof) = (ben.split_once('.').unwrap().0, token.split_once('.').unwrap().1);
        assert_eq!(key.prove(&room, &format!("{id}.{proof}")), None, "another's id with this proof");
        for wrong in ["", ".", "asha", &token[..token.len() - 1], &format!("{token}A"), "é.é"] {
            assert_eq!(key.prove(&room, wrong), None, "{wrong}");
        }
        assert!(!format!("{key:?}").contains('7'));
    }
}
