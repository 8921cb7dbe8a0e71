//! What servers say of their memory.

use super::{RedisBackend, command, reply::text};
use crate::{Result, ServerInfo};

pub(super) async fn ask(backend: &RedisBackend) -> Result<ServerInfo> {
    let link = backend.link();
    let nodes = if backend.0.setup.clustered {
        link.nodes().await?.into_iter().map(Some).collect()
    } else {
        vec![None]
    };
    let mut sum = ServerInfo::unknown();
    for node in &nodes {
        for section in ["memory", "stats"] {
            let command = command::info(section);
            let answer = text(link.send_to(node.as_ref(), command.name, command.args).await?)?;
            read(&String::from_utf8_lossy(&answer), &mut sum);
        }
    }
    Ok(sum)
}

/// Adds what one section of one server says.
fn read(section: &str, sum: &mut ServerInfo) {
    for (name, value) in section.lines().filter_map(|line| line.trim_end().split_once(':')) {
        let add = |to: &mut Option<u64>| {
            if let Ok(value) = value.parse::<u64>() {
                *to = Some(to.unwrap_or(0).saturating_add(value));
            }
        };
        match name {
            "used_memory" => add(&mut sum.used_bytes),
            // Zero is no limit.
            "maxmemory" if value != "0" => add(&mut sum.max_bytes),
            "evicted_keys" => add(&mut sum.evicted_keys),
            "maxmemory_policy" => sum.policy = Some(value.to_owned()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_are_summed_up_and_what_is_not_said_stays_unknown() {
        let mut sum = ServerInfo::unknown();
        read("# Memory\r\nused_memory:100\r\nused_memory_human:100B\r\nmaxmemory:0\r\n", &mut sum);
        assert_eq!((sum.used_bytes, sum.max_bytes, sum.evicted_keys), (Some(100), None, None));
        read("used_memory:50\r\nmaxmemory:200\r\nmaxmemory_policy:allkeys-lru\r\n", &mut sum);
        read("# Stats\r\nevicted_keys:7\r\n", &mut sum);
        assert_eq!((sum.used_bytes, sum.max_bytes, sum.evicted_keys), (Some(150), Some(200), Some(7)));
        assert_eq!(sum.policy.as_deref(), Some("allkeys-lru"));
    }
}
