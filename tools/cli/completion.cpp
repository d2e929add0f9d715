// tenure completion bash|zsh|fish: made from the tree of commands.
#include <fmt/core.h>

#include "tools/cli/commands.h"

namespace tenure::cli {
namespace {

struct Node {
  std::string path;  // "workspaces create"
  std::vector<std::string> words;
};

void collect(const CLI::App& app, const std::string& path, std::vector<Node>& nodes) {
  Node node{path, {}};
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    node.words.push_back(command->get_name());
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) node.words.push_back("--" + name);
  }
  nodes.push_back(node);
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    collect(*command, path.empty() ? command->get_name() : path + " " + command->get_name(), nodes);
  }
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print_bash(const std::vector<Node>& nodes) {
  fmt::print(
      "_tenure() {{\n  local path=\"\" word words=\"\"\n  for word in \"${{COMP_WORDS[@]:1:COMP_CWORD-1}}\"; "
      "do\n"
      "    [[ $word == -* ]] || path=\"$path${{path:+ }}$word\"\n  done\n  case \"$path\" in\n");
  for (const auto& node : nodes) fmt::print("    \"{}\") words=\"{}\" ;;\n", node.path, joined(node.words));
  fmt::print(
      "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\ncomplete -o "
      "default -F _tenure tenure\n");
}

void print_fish(const std::vector<Node>& nodes) {
  for (const auto& node : nodes) {
    for (const auto& word : node.words) {
      const auto condition =
          node.path.empty()
              ? "__fish_use_subcommand"
              : fmt::format("string match -q -- '{}' (string join ' ' (commandline -opc)[2..-1])", node.path);
      if (word.starts_with("--")) {
        fmt::print("complete -c tenure -n \"{}\" -l {}\n", condition, word.substr(2));
      } else {
        fmt::print("complete -c tenure -f -n \"{}\" -a {}\n", condition, word);
      }
    }
  }
}

}  // namespace

void add_completion(CLI::App& app, Environment& environment) {
  auto* command = app.add_subcommand("completion", "A completion script for your shell");
  const auto shell = std::make_shared<std::string>();
  command->add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->callback([&app, &environment, shell] {
    environment.chosen = [&app, shell] {
      std::vector<Node> nodes;
      collect(app, "", nodes);
      if (*shell == "zsh") fmt::print("autoload -U +X bashcompinit && bashcompinit\n");
      *shell == "fish" ? print_fish(nodes) : print_bash(nodes);
      return Exit::ok;
    };
  });
}

}  // namespace tenure::cli
