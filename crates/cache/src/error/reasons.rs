/// Why a backend said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// It has no room: `OOM` of Redis.
    Full,
    /// It takes no writes: `READONLY` of a replica.
    ReadOnly,
    /// It wants a login, or another one: `NOAUTH`, `WRONGPASS`.
    NotAuthenticated,
    /// The login has no right to it: `NOPERM`.
    NotAllowed,
    /// The key holds something else than bytes: `WRONGTYPE`.
    WrongType,
    /// It works on something else that must not be interrupted, and answers nobody: `BUSY`. The only refusal that counts
    /// towards leaving it alone for a while.
    Busy,
    /// It is not well and takes no writes: `MISCONF`.
    Unwell,
    /// Anything else; the source has the words.
    Other,
}

impl Refusal {
    /// Reads the answer of a server that speaks the protocol of Redis: a word in capitals, and what it has to say. A
    /// script that was refused something has the word further behind.
    #[must_use]
    pub fn of_reply(text: &str) -> Self {
        let first = text.split(' ').next().unwrap_or_default();
        match Self::of_word(first) {
            Self::Other => text
                .split(' ')
                .filter_map(|word| word.strip_prefix('-'))
                .map(Self::of_word)
                .find(|refusal| *refusal != Self::Other)
                .unwrap_or(Self::Other),
            known => known,
        }
    }

    fn of_word(word: &str) -> Self {
        match word {
            "OOM" => Self::Full,
            "READONLY" => Self::ReadOnly,
            "NOAUTH" | "WRONGPASS" => Self::NotAuthenticated,
            "NOPERM" => Self::NotAllowed,
            "WRONGTYPE" => Self::WrongType,
            "BUSY" => Self::Busy,
            "MISCONF" => Self::Unwell,
            _ => Self::Other,
        }
    }

    /// Returns a few words for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::ReadOnly => "read-only",
            Self::NotAuthenticated => "not authenticated",
            Self::NotAllowed => "not allowed",
            Self::WrongType => "wrong type",
            Self::Busy => "busy",
            Self::Unwell => "not well",
            Self::Other => "refused",
        }
    }
}

/// Why a cache did not ask its backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NotAsked {
    /// It failed, and is left alone until it answers a probe.
    BreakerOpen,
    /// The request's [`budget`](crate::CacheBuilder::budget) was spent on what came before, such as an earlier change of
    /// the same key.
    BudgetSpent,
    /// It has yet to be told of an earlier change of this key, and would give what was before; or it has yet to raise a
    /// counter this entry is made under.
    Behind,
    /// This process has more commands on their way to it than may be.
    Crowded,
    /// The cache was shut down, or the runtime it worked on.
    ShutDown,
}

impl NotAsked {
    /// Returns a few words for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BreakerOpen => "it failed and is left alone until it answers again",
            Self::BudgetSpent => "the time for it was spent",
            Self::Behind => "it has yet to be told of an earlier change",
            Self::Crowded => "too many commands are on their way to it",
            Self::ShutDown => "the cache was shut down",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_by_the_word_of_the_server_also_out_of_a_script() {
        for (text, refusal) in [
            ("OOM command not allowed when used memory > 'maxmemory'.", Refusal::Full),
            ("READONLY You can't write against a read only replica.", Refusal::ReadOnly),
            (
                "ERR Error running script (call to f_1): @user_script:1: -OOM command not allowed",
                Refusal::Full,
            ),
            ("WRONGPASS invalid username-password pair or user is disabled.", Refusal::NotAuthenticated),
            ("ERR unknown command 'OOM'", Refusal::Other),
            ("", Refusal::Other),
        ] {
            assert_eq!(Refusal::of_reply(text), refusal, "{text}");
        }
    }
}
