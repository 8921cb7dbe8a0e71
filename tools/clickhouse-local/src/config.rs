//! What a server is started with.

use std::fmt::Write as _;

/// A user beside `default`, who has no password and every right.
#[derive(Clone, Debug)]
pub struct User {
    /// Name.
    pub name: String,
    /// Password, in the clear: this is a test's.
    pub password: String,
    /// Statements of `GRANT`, without `TO`; none of them: every right.
    pub grants: Vec<String>,
    /// May change nothing.
    pub read_only: bool,
}

/// How a server is set up.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// Users beside `default`.
    pub users: Vec<User>,
    /// Time zone of the server, such as `Asia/Shanghai`; else UTC.
    pub time_zone: Option<String>,
    /// Keeps `system.query_log`, written every half second.
    pub query_log: bool,
}

impl Config {
    pub(crate) fn server_xml(&self) -> String {
        let mut xml = String::from("<clickhouse>\n<users_config>users.xml</users_config>\n");
        let zone = self.time_zone.as_deref().unwrap_or("UTC");
        let _ = writeln!(xml, "<timezone>{}</timezone>", escaped(zone));
        if self.query_log {
            xml.push_str(
                "<query_log><database>system</database><table>query_log</table>\
                 <flush_interval_milliseconds>500</flush_interval_milliseconds></query_log>\n",
            );
        }
        xml.push_str("</clickhouse>\n");
        xml
    }

    /// `default` stays without a password: the launcher's own session is that user's.
    pub(crate) fn users_xml(&self) -> String {
        let mut xml = String::from(
            "<clickhouse>\n<profiles><default/><reader><readonly>1</readonly></reader></profiles>\n\
             <quotas><default/></quotas>\n<users>\n\
             <default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile>\
             <quota>default</quota></default>\n",
        );
        for user in &self.users {
            let name = escaped(&user.name);
            let _ = write!(
                xml,
                "<{name}><password>{}</password><networks><ip>127.0.0.1</ip></networks><profile>{}</profile>\
                 <quota>default</quota>",
                escaped(&user.password),
                if user.read_only { "reader" } else { "default" }
            );
            if !user.grants.is_empty() {
                xml.push_str("<grants>");
                for grant in &user.grants {
                    let _ = write!(xml, "<query>{}</query>", escaped(grant));
                }
                xml.push_str("</grants>");
            }
            let _ = writeln!(xml, "</{name}>");
        }
        xml.push_str("</users>\n</clickhouse>\n");
        xml
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
