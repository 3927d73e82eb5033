//! Aim's stable hash of a value: the ids of contexts, and of the steps of numbers.

use blake2::Blake2bMac;
use blake2::digest::consts::U8;
use blake2::digest::{FixedOutput, Update};

use super::{Key, Node};

/// Salts for each type, and a hash that is fixed.
const NUMBER: i64 = -7_494_597_716_789_683_807;
const STR: i64 = 7_540_324_813_251_503_183;
const ARRAY: i64 = 2_965_039_128_708_897_743;
const OBJECT: i64 = -2_435_585_119_574_290_752;
const NULL: i64 = 1_393_794_177_995_070_132;

/// The hash of a value. A text object has that of its text.
pub(crate) fn hash(node: &Node) -> i64 {
    match node {
        Node::Null => NULL,
        Node::Bool(flag) => number(i64::from(*flag)),
        // As Python's numbers do, a whole one hashes like the double of the same value.
        Node::Int(value) if value.unsigned_abs() < 1 << 53 => number(*value),
        #[allow(clippy::cast_precision_loss, reason = "Aim hashes large numbers as doubles")]
        Node::Int(value) => number(double(*value as f64)),
        Node::Float(value) => number(double(*value)),
        Node::Str(text) | Node::Text(text) => salted(STR, text.as_bytes()),
        Node::Array(items) => array(items.iter().map(hash)),
        Node::Object(fields) => {
            let mut pairs: Vec<[i64; 2]> =
                fields.iter().map(|(key, value)| [of_key(key), hash(value)]).collect();
            pairs.sort_unstable();
            let pairs: Vec<u8> =
                pairs.into_iter().flat_map(|pair| array(pair).to_le_bytes()).collect();
            salted(OBJECT, &pairs)
        }
    }
}

fn of_key(key: &Key) -> i64 {
    match key {
        Key::Str(name) => salted(STR, name.as_bytes()),
        Key::Int(value) => number(*value),
    }
}

fn array(hashes: impl IntoIterator<Item = i64>) -> i64 {
    let bytes: Vec<u8> = hashes.into_iter().flat_map(i64::to_le_bytes).collect();
    salted(ARRAY, &bytes)
}

fn number(value: i64) -> i64 {
    salted(NUMBER, &value.to_le_bytes())
}

/// BLAKE2b with 8 bytes of output and the salt.
fn salted(salt: i64, data: &[u8]) -> i64 {
    // Salts of more than 16 bytes are refused; this one has 8.
    let Ok(mut blake) =
        Blake2bMac::<U8>::new_with_salt_and_personal(None, &salt.to_le_bytes(), &[])
    else {
        return 0;
    };
    blake.update(data);
    i64::from_le_bytes(blake.finalize_fixed().into())
}

/// Python's hash of a double: its value modulo 2^61 − 1.
fn double(value: f64) -> i64 {
    const BITS: u32 = 61;
    const MODULUS: u64 = (1 << BITS) - 1;
    let sign = if value.is_sign_negative() { -1 } else { 1 };
    if value.is_nan() || value == 0.0 {
        return 0;
    }
    if value.is_infinite() {
        return sign * 314_159;
    }
    // value = mantissa × 2^exponent, with a mantissa of 53 bits at most.
    let bits = value.to_bits();
    let stored = i64::try_from((bits >> 52) & 0x7ff).unwrap_or_default();
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) =
        if stored == 0 { (fraction, -1074) } else { (fraction | 1 << 52, stored - 1075) };
    // A multiplication by 2^e turns the 61 bits round by e.
    let turn = u32::try_from(exponent.rem_euclid(i64::from(BITS))).unwrap_or_default();
    let turned = ((mantissa << turn) & MODULUS) | (mantissa >> (BITS - turn));
    let reduced = if turned == MODULUS { 0 } else { turned };
    sign * i64::try_from(reduced).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Values of `aim.storage.hashing.hash_auto`, Aim 3.29.1.
    #[test]
    fn hashes_are_those_of_aim() {
        for (value, expected) in [
            (json!(0), 487_590_686_800_389_010),
            (json!(1), 6_813_614_137_041_369_426),
            (json!(-1), -2_031_535_777_419_256_979),
            (json!(0.1), -6_804_443_626_259_304_751),
            (json!(1.5), -1_932_006_147_728_945_743),
            (json!(1.0), 6_813_614_137_041_369_426),
            (json!("x"), -3_237_599_425_091_521_607),
            (json!(null), 1_393_794_177_995_070_132),
            (json!({"event_id": "e1"}), -8_044_457_298_340_699_954),
            (json!([1, "a"]), -6_352_162_836_683_604_261),
            (json!({"a": 1, "b": "c", "d": null, "e": true, "f": 0.1}), 4_237_638_441_225_381_644),
            (json!({"f": 0.1, "e": true, "d": null, "b": "c", "a": 1}), 4_237_638_441_225_381_644),
            (json!({}), -4_504_863_053_055_089_774),
        ] {
            assert_eq!(hash(&Node::from(&value)), expected, "{value}");
        }
    }

    /// Values of Python's `hash`: large and small doubles, and whole numbers beyond 2^53.
    #[test]
    fn doubles_hash_as_in_python() {
        for (value, expected) in [
            (0.1, 230_584_300_921_369_408),
            (1.5, 1_152_921_504_606_846_977),
            (-2.75, -1_729_382_256_910_270_466),
            (1e300, 1_224_995_262_755_759_164),
            (5e-324, 16_777_216),
            (2_305_843_009_213_693_951.0, 1),
            (f64::INFINITY, 314_159),
            (f64::NEG_INFINITY, -314_159),
            (-0.0, 0),
        ] {
            assert_eq!(double(value), expected, "{value:e}");
        }
    }
}
