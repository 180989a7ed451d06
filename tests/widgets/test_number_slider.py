from cnnlab.widgets.number_slider import NumberSlider


def test_slider_and_field_hold_the_same_number():
    number = NumberSlider("padding", 2, 0, 7)
    number.slider.value = 5
    assert (number.value, number.field.value) == (5, 5)
    number.value = 1
    assert number.slider.value == 1


def test_what_is_out_of_range_becomes_the_nearest_number():
    number = NumberSlider("padding", 2, 0, 7)
    number.value = 99
    assert (number.value, number.slider.value) == (7, 7)


def test_the_field_carries_the_label():
    assert NumberSlider("padding", 2, 0, 7).field.description == "padding"


def test_changes_are_told_once_each():
    number, seen = NumberSlider("padding", 2, 0, 7), []
    number.on_change(lambda: seen.append(number.value))
    number.slider.value = 5
    number.value = 5
    number.value = 0
    assert seen == [5, 0]


def test_its_repr_is_the_same_on_every_run():
    assert repr(NumberSlider("padding", 2, 0, 7)) == "NumberSlider('padding', 2)"
