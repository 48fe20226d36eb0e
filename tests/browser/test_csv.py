"""A list leaves as a file, is changed by hand, and comes back."""

from pathlib import Path
from typing import Any

from playwright.sync_api import expect

from customers.models import Customer
from tests import make


def test_a_list_goes_out_and_comes_back_changed(desk: Any, tmp_path: Path):
    make.customer("Dean Irvine", account="1", phone="+1 907 555 0100")
    make.customer("Ada Lovell", account="2", phone="+1 907 555 0101")
    page = desk("office")
    page.goto("/customers/")
    page.goto("/customers/?q=irvine")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV", exact=True).click()
    text = Path(waiting.value.path()).read_text("utf-8-sig")
    assert "Irvine" in text and "Lovell" not in text and '"\'+1 907 555 0100"' in text
    file = tmp_path / "customers.csv"
    file.write_text(text.replace("0100", "0199") + '"3","New","One","","","nobody"' + ',""' * 5 + "\r\n")
    page.goto("/customers/")
    page.get_by_role("link", name="Import", exact=True).click()
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look at it").click()
    expect(page.get_by_role("region", name="Rows with faults")).to_contain_text("Enter a valid email address.")
    expect(page.get_by_role("region", name="Rows that change")).to_contain_text("Dean Irvine")
    assert Customer.objects.get(account="1").phone == "+1 907 555 0100"
    page.get_by_role("button", name="Import 1 good row, leave out 1").click()
    expect(page.get_by_role("status").filter(has_text="Imported")).to_contain_text("0 new, 1 changed.")
    assert Customer.objects.get(account="1").phone == "+1 907 555 0199" and Customer.objects.count() == 2
