#include "store/local/readers.hpp"

namespace collector::store::local {

using pulsekit::MutexLock;
using pulsekit::Result;
using pulsekit::sqlite::Access;
using pulsekit::sqlite::Database;

Readers::Lease::~Lease() {
    if (database_) readers_.give_back(std::move(database_));
}

Result<Readers::Lease> Readers::borrow() {
    {
        MutexLock lock(mutex_);
        while (lent_ >= limit_) returned_.wait(lock.native());
        ++lent_;
        if (!idle_.empty()) {
            Lease lease(*this, std::move(idle_.back()));
            idle_.pop_back();
            return lease;
        }
    }
    auto opened = Database::open(path_, Access::read_only);
    if (!opened) {
        give_back(nullptr);
        return std::move(opened).error();
    }
    return Lease(*this, std::make_unique<Database>(std::move(*opened)));
}

void Readers::give_back(std::unique_ptr<Database> database) {
    {
        const MutexLock lock(mutex_);
        --lent_;
        if (database) idle_.push_back(std::move(database));
    }
    returned_.notify_one();
}

}  // namespace collector::store::local
