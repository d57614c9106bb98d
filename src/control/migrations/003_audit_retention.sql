R"sql(
-- Old audit entries may go once the retention is over, and only by age: deleting one entry from the middle stays
-- impossible, so what is gone is always the oldest part.
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE id < OLD.id)
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
)sql"
