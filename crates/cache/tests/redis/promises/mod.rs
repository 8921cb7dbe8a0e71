//! What a cache promises, over real servers: one, a Cluster of three primaries with a replica each, a primary under Sentinels.

mod economy;
mod emptied;
mod failover;
mod fence;
pub(crate) mod kit;
mod outage;
mod patterns;
mod refusing;
pub(crate) mod site;
mod tags;
mod values;

/// Makes tests of functions of a [`Site`](site::Site) that leave its servers running, for every sort of site.
macro_rules! everywhere {
    ($($promise:ident),* $(,)?) => {
        $crate::promises::everywhere!(@ single, $crate::promises::site::Site::single(); $($promise),*);
        $crate::promises::everywhere!(@ cluster, $crate::promises::site::Site::cluster(); $($promise),*);
        $crate::promises::everywhere!(@ sentinel, $crate::promises::site::Site::sentinel(); $($promise),*);
    };
    (@ $sort:ident, $site:expr; $($promise:ident),*) => {
        mod $sort {
            $(
                #[tokio::test]
                async fn $promise() {
                    let Some(site) = $site else { return };
                    super::$promise(site).await;
                }
            )*
        }
    };
}

/// Makes tests of functions of servers of a test's [`Own`](site::Own), which may do with them what they like.
macro_rules! on_its_own {
    ($($promise:ident),* $(,)?) => {
        $crate::promises::everywhere!(@ own_single, $crate::promises::site::Own::single(); $($promise),*);
        $crate::promises::everywhere!(@ own_cluster, $crate::promises::site::Own::cluster(); $($promise),*);
    };
}

pub(crate) use {everywhere, on_its_own};
