//! Invented names. Each ends in 演示 ("demonstration"), so none can be taken for a company's.

/// First syllables with the initial of their pinyin.
const FIRST: [(char, char); 30] = [
    ('云', 'y'),
    ('岚', 'l'),
    ('澄', 'c'),
    ('霁', 'j'),
    ('砚', 'y'),
    ('鹭', 'l'),
    ('栖', 'q'),
    ('禾', 'h'),
    ('朔', 's'),
    ('汀', 't'),
    ('棠', 't'),
    ('箬', 'r'),
    ('鲸', 'j'),
    ('岫', 'x'),
    ('眠', 'm'),
    ('墨', 'm'),
    ('拂', 'f'),
    ('桐', 't'),
    ('溯', 's'),
    ('菱', 'l'),
    ('蝉', 'c'),
    ('屿', 'y'),
    ('茗', 'm'),
    ('翎', 'l'),
    ('霜', 's'),
    ('杳', 'y'),
    ('磐', 'p'),
    ('鸢', 'y'),
    ('樨', 'x'),
    ('泠', 'l'),
];

/// Second syllables with the initial of their pinyin.
const SECOND: [(char, char); 30] = [
    ('舟', 'z'),
    ('圃', 'p'),
    ('笺', 'j'),
    ('弦', 'x'),
    ('埠', 'b'),
    ('铎', 'd'),
    ('琮', 'c'),
    ('湾', 'w'),
    ('垣', 'y'),
    ('梭', 's'),
    ('篱', 'l'),
    ('烛', 'z'),
    ('渡', 'd'),
    ('笛', 'd'),
    ('峦', 'l'),
    ('棹', 'z'),
    ('阙', 'q'),
    ('杵', 'c'),
    ('榭', 'x'),
    ('绡', 'x'),
    ('坞', 'w'),
    ('钗', 'c'),
    ('驿', 'y'),
    ('簪', 'z'),
    ('帛', 'b'),
    ('瓴', 'l'),
    ('筏', 'f'),
    ('奁', 'l'),
    ('磬', 'q'),
    ('罄', 'q'),
];

/// Names that differ from each other.
pub(super) const NAMES: u32 = 900;

/// Name and pinyin initials of the nth stock, without repetition below [`NAMES`].
pub(super) fn stock(number: u32) -> (String, String) {
    let (first, round) = (number % 30, number / 30 % 30);
    let (one, initial) = FIRST[first as usize];
    // Shifted by the round, so that neighbours do not share a syllable.
    let (two, second) = SECOND[((first + round) % 30) as usize];
    (format!("{one}{two}演示"), format!("{initial}{second}ys"))
}

/// Industries with the initials of their pinyin; every sector of the market is one.
pub(super) const SECTORS: [(&str, &str); 12] = [
    ("银行", "yh"),
    ("医药", "yy"),
    ("电子", "dz"),
    ("新能源", "xny"),
    ("食品", "sp"),
    ("机械", "jx"),
    ("化工", "hg"),
    ("建材", "jc"),
    ("有色", "ys"),
    ("传媒", "cm"),
    ("运输", "ys"),
    ("软件", "rj"),
];

/// Where companies sit.
pub(super) const AREAS: [&str; 10] =
    ["北京", "上海", "深圳", "浙江", "江苏", "广东", "四川", "湖北", "山东", "陕西"];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_name_is_given_twice_and_each_says_that_it_is_a_demonstration() {
        let names: BTreeSet<String> = (0..NAMES).map(|number| stock(number).0).collect();
        assert_eq!(names.len(), NAMES as usize);
        assert!(names.iter().all(|name| name.ends_with("演示")));
    }

    #[test]
    fn initials_are_one_lower_case_letter_a_syllable() {
        for number in 0..NAMES {
            let (name, initials) = stock(number);
            assert_eq!(name.chars().count(), initials.len());
            assert!(initials.bytes().all(|letter| letter.is_ascii_lowercase()));
        }
    }
}
