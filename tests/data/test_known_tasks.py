import numpy as np
import pytest

from potstill.data import DataConfig, known_task_names, load_task_data
from potstill.data.benchmark_files import read_known_task
from potstill.data.known_tasks import parse_known_tasks, shipped_tasks
from potstill.errors import DataError, RecipeError


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


@pytest.fixture
def glue(tmp_path):
    write(tmp_path / "SST-2/train.tsv", 'sentence\tlabel\na "quoted start \t1\nbad \t0\n"still one row \t0\n')
    write(tmp_path / "SST-2/dev.tsv", "sentence\tlabel\nfine\t1\n")
    write(tmp_path / "SST-2/test.tsv", "index\tsentence\n0\tunknown\n1\tother\n")
    write(tmp_path / "CoLA/train.tsv", "gj04\t1\t\tWe go.\ngj04\t0\t*\tGo we the.\n")
    write(tmp_path / "CoLA/dev.tsv", "gj04\t1\t\tHe sleeps.\r\n")
    pairs = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n"
    write(tmp_path / "STS-B/train.tsv", pairs + "0\tg\tf\t2012\t1\tn\tn\tA plane.\tAn aircraft.\t4.600\n")
    write(tmp_path / "STS-B/dev.tsv", pairs + "0\tg\tf\t2012\t1\tn\tn\tA dog.\tA cat.\t1.25\textra\t2.5\n")
    return tmp_path


@pytest.mark.parametrize("folder", ["", "SST-2"])
def test_sst2_is_read_from_the_root_or_its_own_folder(glue, folder):
    data = load_task_data(DataConfig(task="SST2", path=str(glue / folder)))
    assert data.task.name == "sst-2"
    assert data.task.label_names == ("negative", "positive")
    assert data.train.texts == ['a "quoted start ', "bad ", '"still one row ']
    assert data.train.labels.values.tolist() == [1, 0, 0]
    assert data.train.labels.values.dtype == np.int64
    assert (len(data.dev), len(data.test)) == (1, 2)
    assert data.test.texts == ["unknown", "other"]
    assert data.test.labels is None


def test_cola_has_no_header_and_may_lack_a_test_file(glue):
    data = load_task_data(DataConfig(task="cola", path=str(glue)))
    assert data.train.texts == ["We go.", "Go we the."]
    assert data.train.labels.values.tolist() == [1, 0]
    assert data.dev.texts == ["He sleeps."]
    assert data.test is None
    assert data.task.metrics[0] == "matthews"


def test_stsb_takes_its_score_from_the_last_column(glue):
    data = load_task_data(DataConfig(task="stsb", path=str(glue)))
    assert data.task.is_pair
    assert data.task.num_labels == 1
    assert data.train.pairs == ["An aircraft."]
    assert data.train.labels.values.dtype == np.float32
    assert data.train.labels.values.tolist() == pytest.approx([4.6])
    assert data.dev.labels.values.tolist() == [2.5]


GLUE = {  # a header, rows for train and dev, a header and rows for test
    "MRPC": (
        "Quality\t#1 ID\t#2 ID\t#1 String\t#2 String",
        ['1\t10\t11\tHe said "no', "0\t12\t13\tIt rose .\tIt fell ."],
        "index\t#1 ID\t#2 ID\t#1 String\t#2 String",
        ["0\t1\t2\tOne .\tTwo ."],
    ),
    "QQP": (
        "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate",
        ["1\t2\t3\tWhy?\tHow?\t0", "a question that was cut", "7\t8\t9\tHow can I?\t\t0", "4\t5\t6\tWho?\tWhom?\t1"],
        "id\tquestion1\tquestion2",
        ["0\tWhat?\tWhich?"],
    ),
    "QNLI": (
        "index\tquestion\tsentence\tlabel",
        ["0\tWhen?\tIn 1900.\tentailment", "1\tWhere?\tBy him.\tnot_entailment"],
        "index\tquestion\tsentence",
        ["0\tWho?\tShe."],
    ),
    "RTE": (
        "index\tsentence1\tsentence2\tlabel",
        ["0\tIt rains.\tIt is wet.\tentailment", "1\tIt is wet.\tIt rains.\tnot_entailment"],
        "index\tsentence1\tsentence2",
        ["0\tA.\tB."],
    ),
    "WNLI": (
        "index\tsentence1\tsentence2\tlabel",
        ["0\tHe saw it.\tIt was seen.\t1", "1\tHe saw it.\tHe was seen.\t0"],
        "index\tsentence1\tsentence2",
        ["0\tA.\tB."],
    ),
}
EXPECTED = {  # texts, pairs and label names of train, and the text of test
    "mrpc": (["It rose ."], ["It fell ."], ["not_equivalent"], "One ."),
    "qqp": (["Why?", "Who?"], ["How?", "Whom?"], ["not_duplicate", "duplicate"], "What?"),
    "qnli": (["When?", "Where?"], ["In 1900.", "By him."], ["entailment", "not_entailment"], "Who?"),
    "rte": (["It rains.", "It is wet."], ["It is wet.", "It rains."], ["entailment", "not_entailment"], "A."),
    "wnli": (["He saw it."] * 2, ["It was seen.", "He was seen."], ["entailment", "not_entailment"], "A."),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_pair_task_is_read_from_its_official_columns(tmp_path, name):
    folder = name.upper()
    header, rows, test_header, test_rows = GLUE[folder]
    if name == "mrpc":
        rows = rows[1:]  # the first is a cell short, see the next test
    for file in ("train", "dev"):
        write(tmp_path / f"{folder}/{file}.tsv", "\n".join([header, *rows]) + "\n")
    write(tmp_path / f"{folder}/test.tsv", "\n".join([test_header, *test_rows]) + "\n")
    data = load_task_data(DataConfig(task=name, path=str(tmp_path)))
    texts, pairs, labels, test_text = EXPECTED[name]
    assert (data.train.texts, data.train.pairs) == (texts, pairs)
    assert [data.task.label_names[index] for index in data.dev.labels.values] == labels
    assert (data.test.texts, data.test.labels) == ([test_text], None)
    assert data.other_dev == data.other_test == {}


def test_only_qqp_leaves_short_rows_out(tmp_path):
    header, rows, _, _ = GLUE["MRPC"]
    write(tmp_path / "MRPC/train.tsv", "\n".join([header, *rows]) + "\n")
    with pytest.raises(DataError, match="line 2 has 4 tab-separated cells, but the task needs at least 5"):
        load_task_data(DataConfig(task="mrpc", path=str(tmp_path)))
    assert [name for name, task in shipped_tasks().items() if task.train.skips_broken_rows] == ["qqp"]


def write_mnli(root):
    plain = ["promptID", "pairID", "genre", "p1", "p2", "p3", "p4", "sentence1", "sentence2"]
    for file, extra in (("train", 1), ("dev_matched", 5), ("dev_mismatched", 5)):
        header = ["index", *plain, *(f"label{i}" for i in range(1, extra + 1)), "gold_label"]
        row = ["0", *"abcdefg", f"A {file} text.", "Its hypothesis.", *["neutral"] * extra, "contradiction"]
        write(root / f"MNLI/{file}.tsv", "\t".join(header) + "\n" + "\t".join(row) + "\n")
    for file in ("test_matched", "test_mismatched"):
        row = ["0", *"abcdefg", f"A {file} text.", "Its hypothesis."]
        write(root / f"MNLI/{file}.tsv", "\t".join(["index", *plain]) + "\n" + "\t".join(row) + "\n")
    write(root / "diagnostic/diagnostic.tsv", "index\tsentence1\tsentence2\n0\tThe cat sat.\tThe cat did not sit.\n")


@pytest.mark.parametrize("folder", ["", "MNLI"])
def test_mnli_has_two_development_sets_and_three_test_sets(tmp_path, folder):
    write_mnli(tmp_path)
    data = load_task_data(DataConfig(task="MNLI", path=str(tmp_path / folder), limit=1))
    assert data.train.texts == ["A train text."]
    assert data.task.label_names[data.train.labels.values[0]] == "contradiction"
    assert data.dev.texts == ["A dev_matched text."]
    assert data.other_dev["mismatched"].texts == ["A dev_mismatched text."]
    assert data.test.texts == ["A test_matched text."]
    assert {name: split.texts for name, split in data.other_test.items()} == {
        "mismatched": ["A test_mismatched text."],
        "diagnostic": ["The cat sat."],
    }


def test_the_benchmark_answers_eleven_files():
    answered = [file for task in shipped_tasks().values() for file in task.test]
    sizes = {file.submission: file.rows for file in answered}
    assert sizes == {
        "AX": 1104,
        "CoLA": 1063,
        "MNLI-m": 9796,
        "MNLI-mm": 9847,
        "MRPC": 1725,
        "QNLI": 5463,
        "QQP": 390_965,
        "RTE": 3000,
        "SST-2": 1821,
        "STS-B": 1379,
        "WNLI": 146,
    }


def test_models_whose_labels_are_numbers_are_taken_except_for_mnli():
    agreed = {name: task.make_task(name).has_agreed_order for name, task in shipped_tasks().items()}
    assert [name for name, is_agreed in agreed.items() if not is_agreed] == ["mnli"]


def test_a_second_file_without_a_name_is_refused():
    with pytest.raises(RecipeError, match="every file of dev and test but the first needs a name"):
        parse_known_tasks(
            """
            [nli]
            folder = "NLI"
            kind = "regression"
            metrics = ["pearson"]
            train = { file = "train.tsv", text = 0, label = 1 }
            dev = [{ file = "a.tsv", text = 0, label = 1 }, { file = "b.tsv", text = 0, label = 1 }]
            """
        )


def test_a_task_with_two_dev_files_and_named_labels_needs_no_code(tmp_path):
    known = parse_known_tasks(
        """
        [nli]
        folder = "NLI"
        kind = "classification"
        label_names = ["contradiction", "entailment", "neutral"]
        metrics = ["accuracy"]
        train = { file = "train.tsv", text = 0, text_pair = 1, label = -1 }
        dev = [
          { file = "dev_matched.tsv", text = 0, text_pair = 1, label = -1 },
          { file = "dev_mismatched.tsv", name = "mismatched", text = 0, text_pair = 1, label = -1 },
        ]
        """
    )
    for number, file in enumerate(("train", "dev_matched", "dev_mismatched")):
        write(tmp_path / f"NLI/{file}.tsv", f"s1\ts2\tgold\na{number}\tb\tneutral\nc\td\tentailment\n")
    data = read_known_task("nli", tmp_path, known=known)
    assert data.train.labels.values.tolist() == [2, 1]
    assert data.dev.texts[0] == "a1"
    assert data.other_dev["mismatched"].texts[0] == "a2"


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("train.tsv", "sentence\tlabel\nfine\n", "line 2 has 1 tab-separated cells"),
        ("train.tsv", "sentence\tlabel\nfine\t1\nbad\tno\n", "line 3 has the label 'no'; allowed are 0, 1"),
        ("train.tsv", "sentence\tlabel\n \t1\n", "line 2 has an empty text"),
        ("dev.tsv", "sentence\tlabel\n", "holds no examples"),
    ],
)
def test_a_damaged_file_is_refused_with_its_line(glue, file, text, message):
    write(glue / "SST-2" / file, text)
    with pytest.raises(DataError, match=message):
        load_task_data(DataConfig(task="sst-2", path=str(glue)))


def test_a_score_that_is_no_number_is_refused(glue):
    cells = "\t".join(["x"] * 9)
    write(glue / "STS-B/dev.tsv", f"{cells}\tscore\n{cells}\tnan\n")
    with pytest.raises(DataError, match="line 2 has the score 'nan'"):
        load_task_data(DataConfig(task="sts-b", path=str(glue)))


def test_a_file_that_is_not_utf8_is_refused(glue):
    (glue / "SST-2/dev.tsv").write_bytes(b"sentence\tlabel\ncaf\xe9\t1\n")
    with pytest.raises(DataError, match="not UTF-8"):
        load_task_data(DataConfig(task="sst-2", path=str(glue)))


def test_a_folder_without_the_task_is_refused(tmp_path):
    with pytest.raises(DataError, match="expected SST-2/train.tsv"):
        load_task_data(DataConfig(task="sst-2", path=str(tmp_path)))


def test_the_folder_of_another_task_is_refused(glue):
    with pytest.raises(DataError, match="line 1 should name the columns, but holds the label '1'"):
        load_task_data(DataConfig(task="sst-2", path=str(glue / "CoLA")))
    with pytest.raises(DataError, match="line 1 has 2 tab-separated cells"):
        load_task_data(DataConfig(task="cola", path=str(glue / "SST-2")))


def test_a_missing_dev_file_is_refused(glue):
    (glue / "SST-2/dev.tsv").unlink()
    with pytest.raises(DataError, match="does not exist"):
        load_task_data(DataConfig(task="sst-2", path=str(glue)))


def test_a_known_task_needs_a_path():
    with pytest.raises(DataError, match="set data.path"):
        load_task_data(DataConfig(task="sst-2"))


def test_limit_draws_training_examples_by_the_split_seed(glue):
    write(glue / "SST-2/train.tsv", "sentence\tlabel\n" + "".join(f"text {i}\t{i % 2}\n" for i in range(50)))
    load = lambda **fields: load_task_data(DataConfig(task="sst-2", path=str(glue), **fields))  # noqa: E731
    ten, again, other = load(limit=10), load(limit=10), load(limit=10, split_seed=1)
    assert len(ten.train) == 10
    assert ten.train.texts == again.train.texts != other.train.texts
    assert ten.fingerprint == again.fingerprint != other.fingerprint
    assert load(limit=20).train.texts[:10] == ten.train.texts
    assert len(load(limit=1000).train) == 50


def test_the_fingerprint_changes_with_any_text_or_label(glue):
    config = DataConfig(task="sst-2", path=str(glue))
    seen = {load_task_data(config).fingerprint}
    for dev in ("fine\t0", "fine!\t1", "fine\t1"):
        write(glue / "SST-2/dev.tsv", f"sentence\tlabel\n{dev}\n")
        seen.add(load_task_data(config).fingerprint)
    assert len(seen) == 3
    assert all(len(fingerprint) == 16 for fingerprint in seen)


def test_the_shipped_tasks_are_the_documented_ones():
    assert known_task_names() == ("cola", "mnli", "mrpc", "qnli", "qqp", "rte", "sst-2", "sts-b", "wnli")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "sst-3"}, r"data\.task: must be one of cola, .* not 'sst-3'"),
        ({"task": "sst2", "text": "body"}, r"data\.text: must be left out for task 'sst-2'"),
        ({"task": "sst2", "kind": "regression"}, r"data\.kind: must be left out"),
        ({"task": "trec", "dev_fraction": 0.3}, r"data\.dev_fraction: must be left out"),
        ({"task": "trec", "path": "somewhere"}, r"data\.path: must be left out for task 'trec'"),
        ({"task": "cola", "split_seed": 4}, r"data\.split_seed: must be left out"),
        ({"dev_fraction": 0.6}, r"data\.dev_fraction"),
    ],
)
def test_fields_that_have_no_effect_are_refused(fields, message):
    with pytest.raises(RecipeError, match=message):
        DataConfig.parse(fields, path="data")


def test_a_config_survives_json():
    for fields in ({}, {"task": "SST2", "path": "x", "limit": 5, "split_seed": 1}, {"path": "x.csv", "label": "y"}):
        config = DataConfig.parse(fields)
        assert DataConfig.parse(config.model_dump(mode="json")) == config
