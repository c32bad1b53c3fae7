"""Checks that the table of uploads says what was measured."""

import unittest

from comparison import uploading

GIB = 1 << 30


def run(way, number, seconds, cpu_seconds=1.0):
    return {"way": way, "round": number, "bytes": GIB, "seconds": seconds, "cpu_seconds": cpu_seconds}


class Table(unittest.TestCase):
    def test_a_ratio_is_the_median_of_the_ratios_of_the_rounds(self):
        copies = [run(uploading.CP, number, seconds) for number, seconds in ((1, 1), (2, 10), (3, 2))]
        parts = [run(uploading.PARTS, 1, 3, 1.5), run(uploading.PARTS, 2, 20, 2.5), run(uploading.PARTS, 3, 4, 2)]
        expected = [(uploading.CP, "537", "1.00", "1.00"), (uploading.PARTS, "268", "2.00", "2.00")]
        self.assertEqual(uploading.rows(copies + parts), [uploading.HEADS, *expected])

    def test_a_way_without_a_copy_beside_it_has_no_ratio(self):
        self.assertEqual(uploading.rows([run(uploading.FORM, 1, 1)])[1], (uploading.FORM, "1,074", "1.00", ""))


if __name__ == "__main__":
    unittest.main()
