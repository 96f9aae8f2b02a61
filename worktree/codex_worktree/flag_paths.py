"""Which paths a developer's machine runs or obeys, by what reads them.

Patterns are those of .gitignore, in lower case; one without a slash means a file's own name,
so that ``BUILD`` is not every file below a folder ``build``. A path is compared after folding:
without format characters, compatibility-decomposed, case-folded, without trailing dots and
spaces, as HFS+ and NTFS may see it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

from pathspec import GitIgnoreSpec

PATTERNS = {
    "git": """
        .gitattributes .gitmodules .gitconfig .lfsconfig .githooks/ .git-hooks/ .husky/
        lefthook*.y*ml .lefthook*.y*ml .pre-commit-config.y*ml .pre-commit-hooks.y*ml
    """,
    "shell-editor": """
        .envrc .tool-versions mise.toml .mise.toml mise.*.toml .mise.*.toml mise/ .mise/
        .vscode/ .idea/ .devcontainer/ .devcontainer.json *.code-workspace .fleet/ .zed/ .helix/
        .vimrc .exrc .nvimrc .nvim.lua .lvimrc .vim/ .dir-locals.el .emacs .inputrc
        .profile .bashrc .bash_profile .bash_login .bash_logout .zshrc .zshenv .zprofile .zlogin
        .nvmrc .node-version .python-version .ruby-version .sdkmanrc *.sublime-project
    """,
    "agent": """
        .claude/ .codex/ .cursor/ .gemini/ .windsurf/ .continue/ .roo/ .opencode/ .aider* .amp/
        .mcp.json mcp.json agents.md agents.override.md claude.md claude.local.md gemini.md
        .cursorrules .windsurfrules .clinerules copilot-instructions.md codex-task.toml
        .github/instructions/ .github/prompts/ skill.md
    """,
    "ci": """
        .github/workflows/ .github/actions/ action.y*ml .github/dependabot.y*ml .gitlab-ci*.y*ml
        .gitlab/ .circleci/ .travis.yml azure-pipelines*.y*ml jenkinsfile* .buildkite/ .ci/
        bitbucket-pipelines.yml .drone.y*ml appveyor.yml .appveyor.yml .woodpecker* .cirrus.*
        .semaphore/ .teamcity/ renovate.json* .renovaterc*
    """,
    "build": """
        makefile makefile.* gnumakefile *.mk *.mak cmakelists.txt cmakepresets.json *.cmake
        meson.build meson_options.txt build.ninja configure configure.ac configure.in autogen.sh
        build build.bazel workspace workspace.bazel module.bazel *.bzl .bazelrc .buckconfig buck
        conftest.py *.pth sitecustomize.py usercustomize.py setup.py setup.cfg pyproject.toml
        tox.ini pytest.ini noxfile.py hatch_build.py requirements*.txt constraints*.txt pipfile*
        package.json package-lock.json npm-shrinkwrap.json yarn.lock pnpm-lock.yaml .npmrc
        .yarnrc* .pnpmfile.* pnpm-workspace.yaml bunfig.toml binding.gyp .babelrc* .eslintrc*
        .prettierrc.* .mocharc.* .lintstagedrc* *.config.js *.config.cjs *.config.mjs
        *.config.ts *.config.cts *.config.mts gruntfile.* gulpfile.* deno.json* lerna.json
        build.rs cargo.toml .cargo/ rust-toolchain* go.mod go.work magefile.go
        *.gradle *.gradle.kts gradle.properties gradlew* gradle/wrapper/ pom.xml .mvn/ mvnw*
        build.xml build.sbt project/*.sbt project/build.properties
        rakefile gemfile* *.gemspec .irbrc .pryrc .rspec composer.json
        *.csproj *.fsproj *.vbproj *.vcxproj *.sln *.targets *.props nuget.config *.rsp
        mix.exs rebar.config setup.hs *.cabal stack.yaml dune-project *.opam build.zig
        package.swift podfile* *.podspec fastfile
        dockerfile* *.dockerfile containerfile* docker-compose*.y*ml compose*.y*ml .dockerignore
        vagrantfile justfile .justfile taskfile*.y*ml procfile* tiltfile earthfile
        flake.nix shell.nix default.nix
    """,
}
"""Flag -> patterns. The groups follow what starts them: git, a shell or editor that opens the
folder, another coding agent, a CI service, a build or package tool."""


@dataclass(frozen=True)
class _Rules:
    names: GitIgnoreSpec
    places: GitIgnoreSpec

    def match(self, path: str) -> bool:
        return self.names.match_file(path.rpartition("/")[2]) or self.places.match_file(path)


def of_path(path: str) -> list[str]:
    """The flags that the path alone earns."""
    folded = "/".join(map(_folded, path.split("/")))
    return [flag for flag, rules in _rules().items() if rules.match(folded)]


@cache
def _rules() -> dict[str, _Rules]:
    return {flag: _compiled(text.split()) for flag, text in PATTERNS.items()}


def _compiled(patterns: list[str]) -> _Rules:
    names = [pattern for pattern in patterns if "/" not in pattern]
    places = [pattern for pattern in patterns if "/" in pattern]
    return _Rules(GitIgnoreSpec.from_lines(names), GitIgnoreSpec.from_lines(places))


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name)
    visible = "".join(letter for letter in plain if unicodedata.category(letter) != "Cf")
    return visible.casefold().rstrip(". ")
