"""Count entities line by line, as the script of the CoNLL shared tasks does: a slow oracle, written from its rules."""


def split_tag(tag):
    return ("O", "") if tag == "O" else tuple(tag.split("-", 1))


def begins(before, now):
    (before_letter, before_type), (letter, kind) = before, now
    if letter == "O":
        return False
    return letter in "BS" or before_letter in "OES" or before_type != kind


def ends(before, now):
    (before_letter, before_type), (letter, kind) = before, now
    if before_letter == "O":
        return False
    return before_letter in "ES" or letter in "OBS" or before_type != kind


def count(sentences):
    """Give by type the entities that are right, gold and guessed, of sentences of (gold, guessed) tags."""
    right, gold, guessed = {}, {}, {}

    def add(counts, kind):
        counts[kind] = counts.get(kind, 0) + 1

    for sentence in sentences:
        last_gold = last_guess = ("O", "")
        is_open = None  # the type of an entity that has been right from its begin on
        for gold_tag, guessed_tag in [*sentence, ("O", "O")]:
            now_gold, now_guess = split_tag(gold_tag), split_tag(guessed_tag)
            gold_ends, guess_ends = ends(last_gold, now_gold), ends(last_guess, now_guess)
            if is_open is not None:
                if gold_ends and guess_ends:
                    add(right, is_open)
                    is_open = None
                elif gold_ends != guess_ends or now_gold[1] != now_guess[1]:
                    is_open = None
            gold_begins, guess_begins = begins(last_gold, now_gold), begins(last_guess, now_guess)
            if gold_begins and guess_begins and now_gold[1] == now_guess[1]:
                is_open = now_gold[1]
            if gold_begins:
                add(gold, now_gold[1])
            if guess_begins:
                add(guessed, now_guess[1])
            last_gold, last_guess = now_gold, now_guess
    return {kind: (right.get(kind, 0), gold.get(kind, 0), guessed.get(kind, 0)) for kind in {*gold, *guessed}}
