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
fn pinyin_is_found_in_full_as_it_is_typed_and_mixed_with_initials() {
    let whole = "guizhoumaotai";
    for end in 3..=whole.len() {
        assert_eq!(found(&whole[..end]), ["600519.SH pinyin"], "{}", &whole[..end]);
    }
    for text in [
        "gzmaotai",
        "guizmt",
        "gzhmt",
        "guizhoumt",
        "gzhoumtai",
        "Gui Zhou Mao-Tai",
        "ＧＵＩｚｈｏｕ",
        "贵zhoumt",
    ] {
        assert_eq!(found(text), ["600519.SH pinyin"], "{text}");
    }
    for text in ["guizhoumaotaix", "guizoumaotai", "guimaotai", "aotai", "uizhou", "贵州t"] {
        assert_eq!(found(text), [""; 0], "{text}");
    }
    assert_eq!(found("hushen300e"), ["510300.SH pinyin"]);
    assert_eq!(found("wankea"), ["000002.SZ pinyin"]);
    assert_eq!(found("*stguohua"), ["000004.SZ pinyin"]);
}

#[test]
fn pinyin_within_a_name_is_found_from_a_character_typed_in_full() {
    for text in ["maotai", "mao", "maot", "maota", "taimao"] {
        let expected: &[&str] = if text == "taimao" { &[] } else { &["600519.SH pinyin"] };
        assert_eq!(found(text), expected, "{text}");
    }
    assert_eq!(found("ma"), [""; 0]);
    // Names that begin so come first.
    assert_eq!(found("pingan"), ["000001.SZ pinyin", "601318.SH pinyin"]);
    assert_eq!(found("yinhang"), ["000001.SZ pinyin", "601398.SH pinyin"]);
    assert_eq!(found("yinh"), ["000001.SZ pinyin", "601398.SH pinyin"]);
}

#[test]
fn every_common_reading_of_a_character_in_names_is_known() {
    for (name, pinyin) in [
        ("重庆啤酒", "chongqingpijiu"),
        ("重药控股", "zhongyao"),
        ("招商银行", "zhaoshangyinhang"),
        ("长江电力", "changjiangdianli"),
        ("长城汽车", "changchengqiche"),
        ("厦门钨业", "xiamenwuye"),
        ("成都银行", "chengduyinhang"),
        ("乐普医疗", "lepuyiliao"),
        ("音乐之声", "yinyuezhisheng"),
        ("蚌埠玻璃", "bengbuboli"),
        ("六国化工", "liuguohuagong"),
        ("朝阳科技", "chaoyangkeji"),
        ("宝钛股份", "baotaigufen"),
        ("天津港", "tianjingang"),
        ("中国铝业", "zhongguolvye"),
        ("中国铝业", "zhongguoluye"),
        ("中青旅", "zhongqinglv"),
        ("绿地控股", "lvdikonggu"),
        ("大厦股份", "daxiagufen"),
        ("广厦环能", "guangshahuanneng"),
        ("曾都农商", "zengdu"),
        ("单县农商", "shanxian"),
        ("浙江仙通", "zhejiangxiantong"),
        ("石家庄", "shijiazhuang"),
        ("东阿阿胶", "dongeejiao"),
        ("宁波韵升", "ningboyunsheng"),
        ("西藏矿业", "xizangkuangye"),
        ("率先科技", "shuaixian"),
        ("参林药业", "shenlin"),
        ("尉氏纺织", "weishi"),
        ("盛和资源", "shengheziyuan"),
        ("会稽山", "kuaijishan"),
        ("洪都航空", "hongduhangkong"),
        ("番禺", "panyu"),
        ("大参林", "dashenlin"),
        ("调味品", "tiaowei"),
    ] {
        let index = SearchIndex::new([security("600000.SH", SecurityKind::Stock, name, "")]);
        assert_eq!(index.search(pinyin, None, 1).len(), 1, "{name} {pinyin}");
    }
}

#[test]
fn a_text_longer_than_any_name_spells_nothing() {
    let index = SearchIndex::new([security("600000.SH", SecurityKind::Stock, &"啊".repeat(80), "")]);
    assert_eq!(index.search(&"a".repeat(63), None, 1).len(), 1);
    assert_eq!(index.search(&"a".repeat(64), None, 1).len(), 0);
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
    fn any_letters_are_searched_without_panic(text in "[a-z0-9贵长]{0,70}") {
        prop_assert!(index().search(&text, None, 5).len() <= 5);
    }

    #[test]
    fn folding_twice_changes_nothing(text in ".{0,40}") {
        let once = fold(&text);
        prop_assert_eq!(fold(&once), once);
    }
}
