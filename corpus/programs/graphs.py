#: ended: completed
#: package: networkx
#: limits: {"time_ms": 120000, "cpu_ms": 120000, "memory_bytes": 268435456}
import networkx

graph = networkx.Graph()
graph.add_weighted_edges_from([("a", "b", 4), ("a", "c", 1), ("c", "b", 2), ("b", "d", 5), ("c", "d", 8), ("e", "f", 1)])
print(networkx.shortest_path(graph, "a", "d", weight="weight"), networkx.shortest_path_length(graph, "a", "d", weight="weight"))
print([sorted(part) for part in networkx.connected_components(graph)])
print(sorted(networkx.minimum_spanning_edges(graph, data=False)))
print({node: round(value, 4) for node, value in networkx.degree_centrality(graph).items()})
tree = networkx.DiGraph([("root", "left"), ("root", "right"), ("left", "leaf")])
print(list(networkx.topological_sort(tree)), networkx.is_directed_acyclic_graph(tree), list(networkx.dfs_preorder_nodes(tree, "root")))
print(networkx.max_flow_min_cost(networkx.DiGraph([("s", "a", {"capacity": 3}), ("a", "t", {"capacity": 2})]), "s", "t"))
