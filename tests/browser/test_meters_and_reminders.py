"""On a roof, with one thumb: what a meter says is written down, and one is reminded."""

from typing import Any

from playwright.sync_api import expect

from customers.models import Equipment, Reminder
from tests import make


def test_the_number_of_the_meter_leads_to_its_field_and_save_is_the_second_tap(desk: Any):
    phone = desk("technician", "phone")
    make.reading(make.equipment("genset-1", notes="one line\n" * 60), 3)
    phone.goto(Equipment.objects.get().get_absolute_url())
    phone.get_by_role("link", name="3 h").tap()
    expect(phone.locator("#meter_value")).to_be_focused()
    phone.keyboard.type("12.5")
    phone.get_by_role("button", name="Save").tap()
    expect(phone.get_by_text("Written down: 12.5 h.")).to_be_visible()
    assert Equipment.objects.get().meter_words == "12.5 h"


def test_one_tap_reminds_and_another_is_done_with_it(desk: Any):
    phone = desk("technician", "phone")
    phone.goto(make.customer("Dean Irvine").get_absolute_url())
    phone.get_by_role("button", name="Tomorrow 8:00").tap()
    expect(phone.get_by_text("You are reminded on")).to_be_visible()
    assert (Reminder.objects.get().user, Reminder.objects.get().text) == (phone.user, "Look at Dean Irvine")
    phone.locator("#reminders").get_by_role("button", name="Done").tap()
    expect(phone.get_by_text("Done: Look at Dean Irvine").first).to_be_visible()
    assert Reminder.objects.get().is_done
