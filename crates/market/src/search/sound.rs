//! How names sound, and whether what is typed spells that.

use std::collections::HashMap;

use pinyin::ToPinyinMulti as _;

use super::key::bit;

/// What one character of a name sounds like.
///
/// All its readings, so that none has to be guessed: both `chongqing` and `zhongqing` find 重庆.
#[derive(Clone, Debug)]
struct Sound {
    character: char,
    /// What its readings begin with, one bit each.
    initials: u64,
    /// Each reading letter by letter; `ü` stands once as `v`, once as `u`.
    readings: Box<[Box<[char]>]>,
}

/// The sounds of every character that some name has: few thousand, however many names there are.
#[derive(Clone, Debug, Default)]
pub(super) struct Sounds {
    sounds: Vec<Sound>,
}

/// A name as the numbers of its characters' sounds.
#[derive(Clone, Debug)]
pub(super) struct Spelling(Box<[u16]>);

/// Makes spellings and the sounds they refer to.
#[derive(Debug, Default)]
pub(super) struct Speller {
    sounds: Sounds,
    /// `None` for a character without a sound, such as `*`.
    numbers: HashMap<char, Option<u16>>,
}

impl Speller {
    /// Of a folded name: letters and digits stand for themselves, signs for nothing.
    pub(super) fn spelling(&mut self, folded: &str) -> Spelling {
        Spelling(folded.chars().filter_map(|character| self.number(character)).collect())
    }

    pub(super) fn into_sounds(self) -> Sounds {
        self.sounds
    }

    fn number(&mut self, character: char) -> Option<u16> {
        let sounds = &mut self.sounds.sounds;
        *self.numbers.entry(character).or_insert_with(|| {
            let sound = Sound::of(character)?;
            // Names have far fewer characters than there are numbers; one too many is found by name alone.
            let number = u16::try_from(sounds.len()).ok()?;
            sounds.push(sound);
            Some(number)
        })
    }
}

impl Sound {
    fn of(character: char) -> Option<Self> {
        if let Some(initials) = bit(character) {
            return Some(Self { character, initials, readings: Box::default() });
        }
        let mut readings: Vec<Box<[char]>> = Vec::new();
        for reading in character.to_pinyin_multi()? {
            for umlaut in ['v', 'u'] {
                let letters =
                    reading.plain().chars().map(|letter| if letter == 'ü' { umlaut } else { letter });
                readings.push(letters.collect());
            }
        }
        readings.sort_unstable();
        readings.dedup();
        let firsts = readings.iter().filter_map(|reading| bit(*reading.first()?));
        let initials = firsts.fold(0, |letters, letter| letters | letter);
        Some(Self { character, initials, readings: readings.into() })
    }

    /// How much of what is typed this character may stand for: bit n for the first n characters.
    fn whole(&self, typed: &[char]) -> u64 {
        let Some(first) = typed.first() else { return 0 };
        let itself = u64::from(*first == self.character) << 1;
        if bit(*first).is_none_or(|letter| letter & self.initials == 0) {
            return itself;
        }
        let lengths = self.readings.iter().filter(|reading| reading.len() > 1 && typed.starts_with(reading));
        lengths.fold(itself, |lengths, reading| lengths | 1 << reading.len())
    }

    /// The same with the initial alone, and with a reading that has not been typed to its end.
    fn part(&self, typed: &[char]) -> u64 {
        let Some(first) = typed.first() else { return 0 };
        if bit(*first).is_none_or(|letter| letter & self.initials == 0) {
            return self.whole(typed);
        }
        let begun = self.readings.iter().any(|reading| reading.starts_with(typed));
        // Of `zh`, `ch` and `sh` both letters are the initial.
        let two = typed.get(1) == Some(&'h')
            && self.readings.iter().any(|reading| reading.starts_with(&typed[..2]));
        1 << 1 | u64::from(two) << 2 | u64::from(begun) << typed.len() | self.whole(typed)
    }
}

/// What is typed, when it may be pinyin.
#[derive(Debug)]
pub(super) struct Typed<'a> {
    typed: Vec<char>,
    sounds: &'a Sounds,
    /// By number of the sound, as how much of the beginning it may stand: looked up for most names once and never again.
    parts: Vec<u64>,
    /// The same in full.
    wholes: Vec<u64>,
}

impl<'a> Typed<'a> {
    /// Positions are bits, so that longer texts are no pinyin; a name is much shorter.
    const MOST: usize = 63;

    /// Signs are passed over, as they are in names; without a letter there is nothing to spell.
    pub(super) fn new(folded: &str, sounds: &'a Sounds) -> Option<Self> {
        let typed: Vec<char> = folded.chars().filter(|character| !character.is_ascii_punctuation()).collect();
        let spells = typed.iter().any(char::is_ascii_lowercase);
        if !spells || typed.len() > Self::MOST {
            return None;
        }
        let parts = sounds.sounds.iter().map(|sound| sound.part(&typed)).collect();
        let wholes = sounds.sounds.iter().map(|sound| sound.whole(&typed)).collect();
        Some(Self { typed, sounds, parts, wholes })
    }

    /// Whether the name begins so: each character by its initial, its pinyin or itself, the last perhaps not to its end.
    pub(super) fn begins(&self, name: &Spelling) -> bool {
        self.goes_on(&name.0, &self.parts)
    }

    /// Whether it stands within the name, from a character on that is typed in full: initials alone say too little there.
    pub(super) fn is_within(&self, name: &Spelling) -> bool {
        (1..name.0.len()).any(|start| self.goes_on(&name.0[start..], &self.wholes))
    }

    /// Goes through a name with every amount that may be used up at a time; bit n: the first n characters.
    fn goes_on(&self, name: &[u16], at_first: &[u64]) -> bool {
        let Some((first, rest)) = name.split_first() else { return false };
        let mut used = at_first.get(usize::from(*first)).copied().unwrap_or_default();
        for sound in rest.iter().filter_map(|number| self.sounds.get(*number)) {
            if used == 0 || self.is_all(used) {
                break;
            }
            let mut next = 0;
            while used != 0 {
                let position = used.trailing_zeros();
                used &= used - 1;
                let left = self.typed.get(position as usize..).unwrap_or_default();
                next |= sound.part(left) << position;
            }
            used = next;
        }
        self.is_all(used)
    }

    fn is_all(&self, used: u64) -> bool {
        used >> self.typed.len() & 1 == 1
    }
}

impl Sounds {
    fn get(&self, number: u16) -> Option<&Sound> {
        self.sounds.get(usize::from(number))
    }
}
