"""Invented names and places."""

TOWERS = (
    ("Kestrel Hill", "1 Lookout Road", "Harrow Creek"),
    ("Saddle Ridge", "88 Ridge Road", "Bell Fork"),
    ("Grain Elevator", "4 Railway Street", "Harrow Creek"),
    ("Far Bench", "2100 Bench Road", "Upper Lindal"),
    ("Copper Bluff", "17 Smelter Lane", "Old Copper"),
    ("Water Tank", "9 Reservoir Drive", "Bell Fork"),
    ("Windmill", "640 Section Road", "Dry Marais"),
    ("Church Steeple", "3 Chapel Street", "Upper Lindal"),
)

STREETS = (
    "Alder Street", "Antelope Way", "Badger Lane", "Barley Road", "Buckboard Lane", "Chokecherry Street",
    "Cottonwood Drive", "County Line Road", "Creamery Road", "Ditch Company Road", "East Bench Road", "Ferry Street",
    "Foundry Street", "Granite Loop", "Hay Barn Road", "Homestead Way", "Ice House Lane", "Juniper Court",
    "Larkspur Lane", "Magpie Lane", "Meadowlark Drive", "Mill Race Road", "North Fork Road", "Old Schoolhouse Road",
    "Orchard Lane", "Pump House Road", "Quarry Road", "Sagebrush Way", "Sheepherder Trail", "Siding Street",
    "South Canal Road", "Stockyard Road", "Tamarack Street", "Wagon Wheel Road", "Willow Street", "Yarrow Court",
)  # fmt: skip

GIVEN = (
    "Adaeze", "Amélie", "Anders", "Beatriz", "Björn", "Caroline", "Chidi", "Dolores", "Eero", "Elin", "Esperanza",
    "Fatima", "François", "Gudrun", "Hiroko", "Ingrid", "Jack", "Joaquín", "Kateřina", "Lars", "Leilani", "Maria",
    "Marguerite", "Nils", "Noor", "Óscar", "Patience", "Quentin", "Rosa", "Ruth", "Siobhán", "Søren", "Tomasz",
    "Tuấn", "Ursula", "Violet", "Wei", "Xochitl", "Yusuf", "Zoë",
)  # fmt: skip

FAMILY = (
    "Okafor", "Lindqvist", "Núñez", "Ångström", "Whitfield", "O'Donoghue", "Yamashiro", "Begay", "Kowalczyk",
    "Fitzsimmons-Carruthers", "Haugen", "Nguyễn", "Van der Westhuizen", "Çelik", "Tallchief", "McAllister", "Dvořák",
    "Pereira", "Hakala", "Sørensen", "Thunder", "Papadopoulos", "Wójcik", "Ramírez de Arellano", "Li", "Baptiste",
    "Swenson", "Ó Súilleabháin", "Garza", "Keller", "Adeyemi", "Brandvold", "Müller", "Peña", "Stillwater", "Yoder",
    "Zabala",
)  # fmt: skip

COMPANIES = (
    "Ångström Instruments",
    "Harrow Creek Volunteer Fire Department and Ambulance Association",
    "Bell Fork Dental",
    "Núñez & Daughters Feed",
    "Upper Lindal School District No. 9",
    "Lindqvist Grain Cooperative",
    "The Copper Kettle Café",
    "Dry Marais Irrigation and Drainage District, Office of the Ditch Rider",
    "Stillwater Veterinary",
    "Okafor Family Practice",
)

OWNERS = ("Antelope", "Bell Fork", "Bench", "Cottonwood", "Harrow Creek", "Juniper", "Lindal", "Magpie", "Marais",
          "North Fork", "Prairie", "Ridge", "Sagebrush", "Saddle", "Tamarack", "Wagon Wheel", "Yarrow")  # fmt: skip

TRADES = ("Auto Body", "Bakery", "Bank", "Brewing", "Bookkeeping", "Cold Storage", "Diesel", "Equipment Rental",
          "Greenhouse", "Hardware", "Insurance", "Lumber", "Machine Works", "Motel", "Pharmacy", "Propane",
          "Seed & Supply", "Trucking", "Well Drilling")  # fmt: skip
