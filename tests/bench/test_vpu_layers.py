import ast
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench/vpu_layers.py"


def test_the_script_is_of_the_python_that_the_plugin_is_for_and_imports_nothing_of_ours() -> None:
    tree = ast.parse(SCRIPT.read_text(), feature_version=(3, 9))

    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported - sys.stdlib_module_names == {"ngraph", "openvino.inference_engine"}
