-- The ids that were seen are kept in runs beside the database (ids.hpp), made from the rows.
DROP TABLE event_ids;
