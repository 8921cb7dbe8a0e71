use proptest::prelude::*;

use super::*;

fn security(code: &str, kind: SecurityKind, name: &str, cnspell: &str) -> Security {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Security { name: some(name), cnspell: some(cnspell), ..Security::unknown(code.parse().unwrap(), kind) }
}

fn index() -> SearchIndex {
    use SecurityKind::{Etf, Index, Stock};
    SearchIndex::new([
        security("000001.SH", Index, "上证指数", ""),
        security("000300.SH", Index, "沪深300", ""),
        security("510300.SH", Etf, "沪深300ETF", ""),
        security("000001.SZ", Stock, "平安银行", "payh"),
        security("000002.SZ", Stock, "万 科Ａ", "wka"),
        security("600519.SH", Stock, "贵州茅台", "gzmt"),
        security("601318.SH", Stock, "中国平安", "zgpa"),
        security("600132.SH", Stock, "重庆啤酒", ""),
        security("601398.SH", Stock, "工商银行", ""),
        security("000004.SZ", Stock, "*ST国华", ""),
        security("839493.BJ", Stock, "", ""),
    ])
}

fn found(text: &str) -> Vec<String> {
    index()
        .search(text, None, 50)
        .iter()
        .map(|hit| format!("{} {}", hit.security.ts_code, hit.by.name()))
        .collect()
}

#[test]
fn a_code_is_found_by_its_start_with_or_without_its_exchange() {
    for text in ["600519", "600519.SH", "sh600519", "SH6005", "600519.s", "６００５１９", "60051", " 600519 "]
    {
        assert_eq!(found(text), ["600519.SH code"], "{text}");
    }
    for text in ["600519.SZ", "SZ600519", "6005190", "600.SH", "sh600519.SH", "600519.SHX"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
}

#[test]
fn the_same_digits_are_told_stock_before_etf_before_index() {
    assert_eq!(found("000001"), ["000001.SZ code", "000001.SH code"]);
    assert_eq!(found("000001.sh"), ["000001.SH code"]);
}

#[test]
fn a_security_without_a_name_is_found_by_its_code() {
    assert_eq!(found("839493"), ["839493.BJ code"]);
}

#[test]
fn a_name_is_found_by_any_part_the_start_first() {
    assert_eq!(found("平安"), ["000001.SZ name", "601318.SH name"]);
    assert_eq!(found("沪深300"), ["000300.SH name", "510300.SH name"]);
    assert_eq!(found("茅台"), ["600519.SH name"]);
}

#[test]
fn width_case_and_spaces_do_not_matter() {
    for text in ["万科A", "万科ａ", "万　科a", "ＷＫＡ", "wka"] {
        assert_eq!(found(text).len(), 1, "{text}");
    }
    assert_eq!(found("etf"), ["510300.SH name"]);
}

#[test]
fn initials_are_found_written_out_or_derived() {
    assert_eq!(found("GZMT"), ["600519.SH pinyin"]);
    assert_eq!(found("gsyh"), ["601398.SH pinyin"]);
    assert_eq!(found("hs300e"), ["510300.SH pinyin"]);
    for text in ["stgh", "*STGH", "＊stg"] {
        assert_eq!(found(text), ["000004.SZ pinyin"], "{text}");
    }
    assert_eq!(found("*"), ["000004.SZ name"]);
    assert_eq!(found("zmt"), [""; 0], "initials are found from their start");
}

#[test]
fn a_character_with_several_readings_is_found_by_each() {
    assert_eq!(found("cqpj"), ["600132.SH pinyin"]);
    assert_eq!(found("zqpj"), ["600132.SH pinyin"]);
    assert_eq!(found("gsyx"), ["601398.SH pinyin"]);
}

#[test]
fn only_the_kind_asked_for_is_found() {
    let index = index();
    let hits = index.search("000", Some(SecurityKind::Index), 50);
    assert_eq!(
        hits.iter().map(|hit| hit.security.ts_code.to_string()).collect::<Vec<_>>(),
        ["000001.SH", "000300.SH"]
    );
}

#[test]
fn a_limit_keeps_the_likeliest() {
    let index = index();
    let hits = index.search("0000", None, 2);
    assert_eq!(
        hits.iter().map(|hit| hit.security.ts_code.to_string()).collect::<Vec<_>>(),
        ["000001.SZ", "000002.SZ"]
    );
}

#[test]
fn spaces_alone_find_nothing() {
    assert_eq!(found(" \u{3000}"), [""; 0]);
}

proptest! {
    #[test]
    fn any_text_is_searched_without_panic(text in ".{0,40}") {
        prop_assert!(index().search(&text, None, 5).len() <= 5);
    }

    #[test]
    fn folding_twice_changes_nothing(text in ".{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }
}
