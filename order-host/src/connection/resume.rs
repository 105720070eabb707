//! Resume tokens, by which a socket speaks as the participant of an earlier socket.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use order_core::ParticipantId;
use rand::RngExt as _;
use sha2::Sha256;

use crate::RoomKey;
use crate::limits::budget::Known;

/// How many letters the code of a seat has. Each holds 5 bits.
const CODE_LETTERS: usize = 12;

/// The letters of a seat's code: none that could be mistaken for another.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The letter for the last five bits of a byte.
fn letter(byte: u8) -> char {
    LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from)
}

/// The letter for which another is easily mistaken.
fn alike(letter: char) -> char {
    match letter {
        'o' => '0',
        'i' | 'l' => '1',
        other => other,
    }
}

/// The key that makes and checks resume tokens. Tokens survive a restart if the key does.
///
/// A token is the participant's id and an HMAC-SHA-256 of room and participant, both in base64url: nothing of it has to be
/// stored, and it opens no other room and speaks for nobody else.
///
/// There are two kinds. A socket that is proved to be its participant gets a token that proves it again. A socket that only
/// named a participant gets one that seats another socket like itself, and proves as little.
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

    /// Makes a token of a socket that is known as `participant` in this way.
    pub(crate) fn token(&self, room: &RoomKey, participant: &ParticipantId, known: Known) -> String {
        let proof = self.mac(room, participant, known).finalize().into_bytes();
        format!("{}.{}", URL_SAFE_NO_PAD.encode(participant.as_str()), URL_SAFE_NO_PAD.encode(proof))
    }

    /// Returns the participant of a token, and how the socket that it was made for was known. `None`: it was not made with this
    /// key for this room.
    pub(crate) fn prove(&self, room: &RoomKey, token: &str) -> Option<(ParticipantId, Known)> {
        let (id, proof) = token.split_once('.')?;
        let id = String::from_utf8(URL_SAFE_NO_PAD.decode(id).ok()?).ok()?;
        let participant = ParticipantId::new(&id).ok()?;
        let proof = URL_SAFE_NO_PAD.decode(proof).ok()?;
        // Compares in constant time.
        let is_of = |known: &Known| self.mac(room, &participant, *known).verify_slice(&proof).is_ok();
        let known = [Known::Proved, Known::Named].into_iter().find(is_of)?;
        Some((participant, known))
    }

    /// Makes the code with which somebody takes the seat of a person who was added: 12 letters and digits, which hold 60
    /// bits. Nothing of it is stored, and it is the same every time.
    pub(crate) fn seat_code(&self, room: &RoomKey, of: &ParticipantId) -> String {
        let proof = self.mac_of("stonepot seat", room, of).finalize().into_bytes();
        proof.iter().take(CODE_LETTERS).map(|byte| letter(*byte)).collect()
    }

    /// Whether this is the code of that seat. White space, hyphens and capitals do not count.
    pub(crate) fn opens_seat(&self, room: &RoomKey, of: &ParticipantId, code: &str) -> bool {
        let typed = code.chars().filter(|letter| !letter.is_whitespace() && *letter != '-');
        let typed: String = typed.map(|letter| alike(letter.to_ascii_lowercase())).collect();
        let code = self.seat_code(room, of);
        // Compares in constant time.
        let differences =
            typed.bytes().zip(code.bytes()).fold(0, |found, (one, other)| found | (one ^ other));
        typed.len() == code.len() && differences == 0
    }

    fn mac(&self, room: &RoomKey, participant: &ParticipantId, known: Known) -> Hmac<Sha256> {
        let label = match known {
            Known::Proved => "stonepot resume",
            Known::Named => "stonepot resume named",
        };
        self.mac_of(label, room, participant)
    }

    fn mac_of(&self, label: &str, room: &RoomKey, participant: &ParticipantId) -> Hmac<Sha256> {
        // HMAC pads a short key with zeros.
        let mut block = [0; 64];
        block.iter_mut().zip(self.0).for_each(|(byte, key)| *byte = key);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        // Neither a room's key nor an id contains a zero byte.
        for part in [label, room.as_str(), participant.as_str()] {
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
        let token = key.token(&room, &asha, Known::Proved);
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
        assert_eq!(key.prove(&room, &token), Some((asha, Known::Proved)));
    }

    #[test]
    fn a_token_speaks_for_one_participant_of_one_room() {
        let key = ResumeKey::new([7; 32]);
        let [room, other] = ["a", "b"].map(|room| RoomKey::new("main", room).unwrap());
        let asha = ParticipantId::new("asha").unwrap();
        let token = key.token(&room, &asha, Known::Proved);
        assert_eq!(key.prove(&room, &token), Some((asha.clone(), Known::Proved)));
        assert_eq!(key.prove(&other, &token), None);
        assert_eq!(ResumeKey::new([8; 32]).prove(&room, &token), None);
        let ben = key.token(&room, &ParticipantId::new("ben").unwrap(), Known::Proved);
        let (id, proof) = (ben.split_once('.').unwrap().0, token.split_once('.').unwrap().1);
        assert_eq!(key.prove(&room, &format!("{id}.{proof}")), None, "another's id with this proof");
        for wrong in ["", ".", "asha", &token[..token.len() - 1], &format!("{token}A"), "é.é"] {
            assert_eq!(key.prove(&room, wrong), None, "{wrong}");
        }
        assert!(!format!("{key:?}").contains('7'));
    }

    #[test]
    fn a_token_of_a_socket_that_only_named_somebody_proves_no_more() {
        let key = ResumeKey::new([7; 32]);
        let (room, asha) = (RoomKey::new("main", "a").unwrap(), ParticipantId::new("asha").unwrap());
        let [proved, named] = [Known::Proved, Known::Named].map(|known| key.token(&room, &asha, known));
        assert_ne!(proved, named);
        assert_eq!(key.prove(&room, &proved), Some((asha.clone(), Known::Proved)));
        assert_eq!(key.prove(&room, &named), Some((asha, Known::Named)));
    }
}
