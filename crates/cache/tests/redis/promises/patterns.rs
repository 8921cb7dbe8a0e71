//! A pattern reaches its own namespace only.

use super::{
    everywhere,
    kit::{PAGE, eventually, namespace, node, ready, text},
    site::Site,
};

everywhere!(
    pattern_in_a_namespace_of_glob_characters_deletes_its_own_entries_only,
    pattern_reaches_the_copies_of_other_nodes,
);

async fn pattern_in_a_namespace_of_glob_characters_deletes_its_own_entries_only(site: Site<'_>) {
    let start = namespace();
    for (globs, would_match) in
        [("*", "x"), ("?", "x"), ("[ab]", "a"), ("[^x]", "a"), ("\\a", "a"), ("*?[]\\", "xyz")]
    {
        let (name, other) = (format!("{start}{globs}"), format!("{start}{would_match}"));
        let one = ready(node(&site.url, &name)).await;
        let stranger = ready(node(&site.url, &other)).await;
        for node in [&one, &stranger] {
            for key in ["1", "2", "*"] {
                node.set(&PAGE, key, text("v")).await;
            }
        }
        let deleted = one.delete_pattern("page:[12]").await;
        assert_eq!((deleted.keys, deleted.complete), (2, true), "{globs}");
        assert_eq!(one.get(&PAGE, "*").await, Some(text("v")), "{globs}");
        let deleted = one.delete_pattern("page:\\*").await;
        assert_eq!((deleted.keys, deleted.complete), (1, true), "{globs}");
        for key in ["1", "2", "*"] {
            assert_eq!(one.get(&PAGE, key).await, None, "{globs}");
            assert_eq!(stranger.get(&PAGE, key).await, Some(text("v")), "{globs}");
            assert!(site.has(&format!("{other}:page:{key}")), "{globs}");
        }
    }
}

async fn pattern_reaches_the_copies_of_other_nodes(site: Site<'_>) {
    let namespace = namespace();
    let one = ready(node(&site.url, &namespace)).await;
    let other = ready(node(&site.url, &namespace)).await;
    for key in ["a1", "a2", "b1"] {
        one.set(&PAGE, key, text("v")).await;
        assert_eq!(other.get(&PAGE, key).await, Some(text("v")));
    }
    let deleted = one.delete_pattern("page:a*").await;
    assert_eq!((deleted.keys, deleted.complete), (2, true));
    eventually("the other lost its copies", async || {
        other.get(&PAGE, "a1").await.is_none() && other.get(&PAGE, "a2").await.is_none()
    })
    .await;
    assert_eq!(other.get(&PAGE, "b1").await, Some(text("v")));
    let nothing = one.delete_pattern("page:none*").await;
    assert_eq!((nothing.keys, nothing.complete), (0, true));
}
