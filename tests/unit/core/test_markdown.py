from reben.core.markdown import inline, table


def test_cells_hold_what_they_are_given():
    text = table(("a", "b"), [("x|y\nz", "<b>")])
    assert text.splitlines()[2] == "| x\\|y z | &lt;b> |"


def test_nothing_on_a_line_means_anything():
    assert inline("# [a](b) `c` _d_ <e> & f\n---") == "\\# \\[a\\](b) \\`c\\` \\_d\\_ &lt;e&gt; &amp; f ---"
