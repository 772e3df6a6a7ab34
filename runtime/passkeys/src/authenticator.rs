//! A double of a device that holds a passkey, with the browser around it, for tests: ES256, without
//! attestation, as phones and computers answer (WebAuthn, sections 6.1, 6.5 and 8.7).

#![allow(clippy::unwrap_used, reason = "a test may panic, in its doubles too")]
#![allow(clippy::missing_panics_doc, reason = "only tests use this")]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};

/// The flags of an answer: somebody was there, was verified, and (with a new key) the key follows.
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const WITH_KEY: u8 = 0x40;

/// A device with one passkey.
#[derive(Debug)]
pub struct Authenticator {
    key: EcdsaKeyPair,
    credential: Vec<u8>,
    handle: String,
    rp_id: String,
    /// The counter in the next answer. Synced passkeys always have 0.
    pub counter: u32,
    /// Whether the device verifies who uses it.
    pub verifies: bool,
}

impl Authenticator {
    /// Makes a passkey as a page at `origin` asks for it. Returns the answer as well.
    pub fn create(origin: &str, options: &str) -> (Self, String) {
        Self::create_as(origin, options, true)
    }

    /// The same; `verifies` says whether the device has verified who uses it.
    pub fn create_as(origin: &str, options: &str, verifies: bool) -> (Self, String) {
        let options: Value = serde_json::from_str(options).unwrap();
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
        let key =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random)
                .unwrap();
        let mut credential = vec![0; 16];
        random.fill(&mut credential).unwrap();
        let handle = options["user"]["id"].as_str().unwrap().to_owned();
        let rp_id = options["rp"]["id"].as_str().unwrap().to_owned();
        let device = Self { key, credential, handle, rp_id, counter: 0, verifies };
        let client = client_data("webauthn.create", &options, origin);
        let id = URL_SAFE_NO_PAD.encode(&device.credential);
        let answer = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "attestationObject": URL_SAFE_NO_PAD.encode(device.attestation()),
            },
            "clientExtensionResults": { "credProps": { "rk": true } },
        });
        (device, answer.to_string())
    }

    /// Answers what a page at `origin` asks.
    pub fn get(&self, origin: &str, options: &str) -> String {
        let options: Value = serde_json::from_str(options).unwrap();
        let client = client_data("webauthn.get", &options, origin);
        let mut signed = self.data(0);
        let sent = URL_SAFE_NO_PAD.encode(&signed);
        signed.extend_from_slice(digest(&SHA256, &client).as_ref());
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        let id = URL_SAFE_NO_PAD.encode(&self.credential);
        let answer = json!({
            "id": id, "rawId": id, "type": "public-key",
            "response": {
                "clientDataJSON": URL_SAFE_NO_PAD.encode(client),
                "authenticatorData": sent,
                "signature": URL_SAFE_NO_PAD.encode(signature),
                "userHandle": self.handle,
            },
            "clientExtensionResults": {},
        });
        answer.to_string()
    }

    /// The authenticator data.
    fn data(&self, flags: u8) -> Vec<u8> {
        let verified = if self.verifies { VERIFIED } else { 0 };
        let mut data = digest(&SHA256, self.rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags | PRESENT | verified);
        data.extend_from_slice(&self.counter.to_be_bytes());
        data
    }

    /// The attestation object, in CBOR.
    fn attestation(&self) -> Vec<u8> {
        let mut data = self.data(WITH_KEY);
        // The model of the device, which is not told.
        data.extend_from_slice(&[0; 16]);
        data.extend_from_slice(&u16::try_from(self.credential.len()).unwrap().to_be_bytes());
        data.extend_from_slice(&self.credential);
        let point = self.key.public_key().as_ref();
        // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
        data.extend_from_slice(&[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend_from_slice(&point[1..33]);
        data.extend_from_slice(&[0x22, 0x58, 0x20]);
        data.extend_from_slice(&point[33..65]);
        let mut object = vec![0xa3, 0x63];
        object.extend_from_slice(b"fmt");
        object.push(0x64);
        object.extend_from_slice(b"none");
        object.push(0x67);
        object.extend_from_slice(b"attStmt");
        object.extend_from_slice(&[0xa0, 0x68]);
        object.extend_from_slice(b"authData");
        object.push(0x58);
        object.push(u8::try_from(data.len()).unwrap());
        object.extend_from_slice(&data);
        object
    }
}

fn client_data(kind: &str, options: &Value, origin: &str) -> Vec<u8> {
    let data = json!({
        "type": kind, "challenge": options["challenge"], "origin": origin, "crossOrigin": false,
    });
    data.to_string().into_bytes()
}
