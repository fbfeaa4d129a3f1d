//! Words that tell a mistyped line: short, common, and unlike each other.

/// One for each value of a byte.
#[rustfmt::skip]
pub(crate) const WORDS: [&str; 256] = [
    "acid", "acorn", "actor", "adapt", "album", "alley", "amber", "angle", "ankle", "apple", "april", "apron",
    "arena", "argue", "armor", "arrow", "aspen", "atlas", "attic", "audio", "autumn", "award", "bacon", "badge",
    "bagel", "baker", "balm", "bamboo", "banjo", "barley", "basil", "basin", "beach", "beaver", "belt", "bench",
    "berry", "bicycle", "birch", "bison", "blanket", "blend", "bloom", "boat", "bonus", "border", "bottle",
    "boxer", "brain", "brass", "bread", "brick", "bridge", "bronze", "bubble", "bucket", "budget", "buffalo",
    "bulb", "bunker", "butter", "cabin", "cable", "cactus", "camel", "candle", "canoe", "canvas", "carbon",
    "carpet", "castle", "cattle", "cedar", "cello", "chalk", "cherry", "chess", "chimney", "cider", "cinema",
    "circle", "clay", "clever", "cliff", "clock", "cloud", "clover", "cobalt", "coconut", "coffee", "comet",
    "copper", "coral", "cotton", "cousin", "cradle", "crane", "crater", "cricket", "crown", "crystal", "cube",
    "cupboard", "curtain", "daisy", "dancer", "danger", "decade", "deer", "delta", "denim", "desert", "diary",
    "dinner", "dolphin", "donkey", "dragon", "drum", "eagle", "earth", "echo", "eleven", "elbow", "ember",
    "empire", "engine", "envelope", "erase", "evening", "fabric", "falcon", "family", "feather", "fence",
    "ferry", "fiddle", "finger", "flag", "flame", "flute", "forest", "fossil", "fountain", "fox", "frost",
    "galaxy", "garlic", "gate", "gentle", "ginger", "giraffe", "glacier", "globe", "goblet", "golden", "gravel",
    "guitar", "hammer", "harbor", "harvest", "hazel", "helmet", "hermit", "honey", "horizon", "hotel", "hunter",
    "husky", "igloo", "indigo", "insect", "iron", "island", "ivory", "jacket", "jaguar", "jelly", "jewel",
    "jigsaw", "jungle", "kayak", "kernel", "kettle", "kitten", "ladder", "lagoon", "lantern", "laptop", "lemon",
    "leopard", "lettuce", "library", "linen", "lizard", "lobster", "lotus", "lumber", "magnet", "mango",
    "maple", "marble", "meadow", "melon", "mirror", "mitten", "monkey", "mosaic", "muffin", "museum", "napkin",
    "nectar", "needle", "noodle", "north", "nutmeg", "oasis", "ocean", "office", "olive", "onion", "orange",
    "orbit", "orchid", "otter", "oyster", "paddle", "panda", "paper", "parrot", "pebble", "pencil", "pepper",
    "piano", "pickle", "pigeon", "pilot", "planet", "plum", "pocket", "poet", "polar", "pony", "potato",
    "prairie", "puzzle", "pyramid", "quartz", "quilt", "rabbit", "radish", "raven", "ribbon", "river", "robin",
    "rocket", "saddle",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::WORDS;

    #[test]
    fn all_words_differ_and_are_of_plain_letters() {
        assert_eq!(WORDS.iter().collect::<BTreeSet<_>>().len(), 256);
        assert!(WORDS.iter().all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }
}
