// Parses the verb, runs it.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "app/verbs.hpp"

int main(int argc, char** argv) {
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    return collector::app::run(arguments);
}
