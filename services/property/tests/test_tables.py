"""The migrations and the tables agree."""

import pytest

from fivered.services.property.service import Property
from testkit.bench import assert_no_drift


@pytest.mark.covers("REQ-L07")
def test_the_migrated_database_has_the_tables_of_the_code_and_no_column_about_private_life(bench):
    assert_no_drift(Property, bench.runtime.engine)
    columns = {column.name for table in Property.tables.tables.values() for column in table.columns}
    words = ("ethnic", "religion", "health", "biometric", "income", "track", "phone", "id_no")
    assert not [name for name in columns if any(word in name for word in words)]
