// A store that takes events and tells nothing of them: what fakes have in common.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "store/store.hpp"

namespace collector::test {

class AppendOnlyStore : public store::EventStore {
public:
    using EventStore::ask;
    pulsekit::Result<model::Answer> ask(const model::AnyQuestion&, const store::Patience&) override { return none(); }
    pulsekit::Result<void> list(const model::List&, const std::function<void(const model::Event&)>&,
                                const store::Patience&) override {
        return none();
    }
    pulsekit::Result<store::ArrivalPage> arrivals(const store::Arrivals&, const store::Patience&) override {
        return none();
    }
    pulsekit::Result<void> read(std::span<const std::int64_t>,
                                const std::function<void(const model::Event&)>&) override {
        return none();
    }
    pulsekit::Result<std::int64_t> erase(const store::Erasure&, const store::Patience&) override { return none(); }
    pulsekit::Result<void> finish_erasures(const store::Patience&) override { return {}; }

private:
    static pulsekit::Error none() { return {pulsekit::ErrorCode::unavailable, "the disk is gone"}; }
};

}  // namespace collector::test
