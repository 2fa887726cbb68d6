import dataclasses

from gemel.folder.model_card import card_text


def test_the_card_states_what_a_user_needs(tiny_model):
    card = card_text("my-model", tiny_model.config, tiny_model.decision, tiny_model.training)
    assert "\n# A gemel model\n" in card
    assert '"How old are you?" "What is your age?" --model my-model' in card
    assert "**0.7500**" in card
    assert "best for accuracy, fitted on 1,234 validation\npairs for places where 37.5%" in card
    assert "| epoch stored | 3 |" in card
    assert "| training pairs that ask the same | 2 |" in card


def test_the_card_lists_every_setting(tiny_model):
    card = card_text("m", tiny_model.config, tiny_model.decision, tiny_model.training)
    for section, values in tiny_model.config.to_mapping().items():
        for name, value in values.items():
            assert f"| {section}.{name} | {value} |" in card


def test_what_is_not_known_is_reported(tiny_model):
    card = card_text("m", tiny_model.config, tiny_model.decision, {})
    assert card.count("unknown |") + card.count("unknown words |") == 7


def test_the_card_states_where_a_person_is_asked(tiny_model):
    decision = tiny_model.decision
    card = card_text("m", tiny_model.config, decision, {})
    assert "From 0.5000 on, and below 0.7500, the answer is to ask a person." in card
    sure = dataclasses.replace(decision, lower=decision.threshold)
    assert "ask a person" not in card_text("m", tiny_model.config, sure, {})
