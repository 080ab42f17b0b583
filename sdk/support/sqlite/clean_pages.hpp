// Database files without remains of rows that were deleted or moved.
#pragma once

namespace pulsekit::sqlite {

/// The name of a VFS like the default one, which overwrites what no cell of a page uses when the page gets into a
/// database file. `secure_delete` overwrites what is deleted, but a row that SQLite moves because its neighbours were
/// deleted leaves a copy there, which nothing would ever find again. Null: the default one cannot be used so.
const char* clean_pages_vfs();

}  // namespace pulsekit::sqlite
