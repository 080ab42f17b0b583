// track() does not allocate in the steady state.
#include <pulsekit/client.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <thread>

#include "tests/support/counting_new.hpp"
#include "tests/support/fake_transport.hpp"
#include "tests/support/temporary_folder.hpp"

namespace pulsekit {
namespace {

TEST(Allocation, TheCounterCounts) {
    const std::size_t before = test::allocations_of_this_thread();
    ::operator delete(::operator new(1));  // called by name: a compiler may leave out a new-expression
    EXPECT_EQ(test::allocations_of_this_thread(), before + 1);
}

TEST(Allocation, TrackMakesNoneInTheSteadyState) {
    const test::TemporaryFolder folder;
    Options options;
    options.endpoint = "http://collector";
    options.api_key = "key";
    options.app_name = "allocation-test";
    options.storage_dir = folder.file("storage");
    options.transport = std::make_unique<test::FakeTransport>(
        [](const HttpRequest& request) -> Result<HttpResponse> { return test::all_accepted(request); });
    auto client = Client::open(std::move(options));
    ASSERT_TRUE(client.ok());
    Properties properties;
    properties.set("a", 1).set("b", "text");
    const auto one_round = [&](int i) {
        const auto typed =
            client->track("shot", {{"weapon", "plasma_rifle"}, {"damage", i}, {"range", 12.5}, {"hit", true}});
        const auto built = client->track("shot", properties);
        const auto screen = client->screen("menu");
        return typed && built && screen;
    };
    ASSERT_TRUE(one_round(0));  // the thread's first: makes its ring
    ASSERT_TRUE(one_round(0));  // with the context that has the screen
    const std::size_t before = test::allocations_of_this_thread();
    for (int i = 0; i < 10'000; ++i) {
        while (!one_round(i)) std::this_thread::yield();  // full: the worker is behind
    }
    EXPECT_EQ(test::allocations_of_this_thread() - before, 0u);
}

}  // namespace
}  // namespace pulsekit
