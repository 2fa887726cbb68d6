from banking_pairs import make_pairs, near_by, read_intents, split_intents, write_pairs

import gemel

INTENTS = {
    "card lost": ["I lost my card", "my card is gone", "where is my card"],
    "card broken": ["my card is broken", "the card does not work", "card with a crack"],
    "rates": ["what is the rate", "exchange rate for yen", "rate of today"],
    "fees": ["why a fee", "fee for yen", "how much is the fee of today"],
    "age": ["how old must one be", "minimum age", "age for children"],
}


def test_labels_say_whether_the_intent_is_the_same():
    pairs = make_pairs(INTENTS, 0)
    intent_of = {text: name for name, texts in INTENTS.items() for text in texts}
    assert len({label for _, _, label in pairs}) == 2
    for one, two, label in pairs:
        assert (intent_of[one] == intent_of[two]) == label
        assert one != two
    assert len({frozenset((one, two)) for one, two, _ in pairs}) == len(pairs)


def test_same_seed_same_pairs():
    assert make_pairs(INTENTS, 3) == make_pairs(INTENTS, 3)
    assert make_pairs(INTENTS, 3) != make_pairs(INTENTS, 4)


def test_no_intent_is_in_both_parts():
    train, test = split_intents(INTENTS, 0.4, 0)
    assert (len(train), len(test)) == (3, 2)
    assert {*train, *test} == set(INTENTS)
    assert split_intents(reversed(INTENTS), 0.4, 0) == (train, test)


def test_intents_that_share_words_are_near():
    near = near_by(INTENTS)
    assert near["card lost"][0] == "card broken"
    assert all(name not in others for name, others in near.items())


def test_a_question_of_two_intents_is_left_out(tmp_path):
    path = tmp_path / "in.csv"
    path.write_text('text,intent\nA b?,x\na  B?,y\nC?,x\nc?,x\n"d,\nd",y\n')
    intents, left_out = read_intents([path])
    assert (intents, left_out) == ({"x": ["C?"], "y": ["d, d"]}, 1)


def test_pairs_are_read_back(tmp_path):
    pairs = make_pairs(INTENTS, 0)
    write_pairs(tmp_path / "pairs.csv", pairs)
    read = gemel.read_pairs(tmp_path / "pairs.csv")
    labels = [int(label) for label in read.labels]
    assert list(zip(read.left_texts, read.right_texts, labels, strict=True)) == pairs
