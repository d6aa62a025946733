using System.Text;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>What a <c>func.yaml</c>, as the fn CLI writes it, says about starting a function. Its limits are read by who deploys it.</summary>
internal sealed record FunctionFile(IReadOnlyList<string> Command)
{
    public const string FileName = "func.yaml";

    private const int MaxBytes = 256 * 1024;

    /// <exception cref="ImageException">It is missing, no YAML, or says no command.</exception>
    public static FunctionFile Read(string folder, string image)
    {
        var path = $"{folder}/{FileName}";
        // A link would be followed out of the folder.
        if (Libc.RealPath(path) is not { } real || !real.StartsWith($"{folder}/", StringComparison.Ordinal) || new FileInfo(real) is not { Length: <= MaxBytes } file)
            throw new ImageException(404, $"Failed to pull image '{image}': its folder has no {FileName}");
        try
        {
            return Parse(File.ReadAllText(file.FullName), image);
        }
        catch (Exception exception) when (exception is YamlException or IOException or UnauthorizedAccessException)
        {
            throw new ImageException(400, $"Invalid image '{image}': {FileName} cannot be read: {exception.Message}", exception);
        }
    }

    /// <exception cref="YamlException">It is no YAML.</exception>
    /// <exception cref="ImageException">It says no command.</exception>
    public static FunctionFile Parse(string text, string image)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        if (stream.Documents is not [{ RootNode: YamlMappingNode root }, ..])
            throw new ImageException(400, $"Invalid image '{image}': {FileName} is no list of keys and values");
        string[] command = [.. Words(root, "entrypoint"), .. Words(root, "cmd")];
        if (command.Length == 0)
            command = DefaultOf(Text(root, "runtime"));
        return command.Length > 0
            ? new FunctionFile(command)
            : throw new ImageException(400, $"Invalid image '{image}': {FileName} has neither entrypoint nor cmd, and its runtime has no default");
    }

    /// <summary>A command line in words, as a shell would see them; nothing is expanded.</summary>
    public static IReadOnlyList<string> Split(string line)
    {
        var words = new List<string>();
        var word = new StringBuilder();
        var isInWord = false;
        var quote = '\0';
        for (var i = 0; i < line.Length; i++)
        {
            var c = line[i];
            if (c == '\\' && quote != '\'' && i + 1 < line.Length)
            {
                word.Append(line[++i]);
                isInWord = true;
            }
            else if (quote != '\0' ? c == quote : c is '"' or '\'')
            {
                quote = quote == '\0' ? c : '\0';
                isInWord = true;
            }
            else if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (isInWord)
                    words.Add(word.ToString());
                word.Clear();
                isInWord = false;
            }
            else
            {
                word.Append(c);
                isInWord = true;
            }
        }

        if (isInWord)
            words.Add(word.ToString());
        return words;
    }

    // What the fn CLI puts into the images that it builds.
    private static string[] DefaultOf(string? runtime) => runtime switch
    {
        "node" => ["node", "func.js"],
        "go" => ["./func"],
        "dotnet" => ["dotnet", "function.dll"],
        "python" => ["python3", "func.py"],
        "ruby" => ["ruby", "func.rb"],
        _ => runtime?.StartsWith("node", StringComparison.Ordinal) == true ? ["node", "func.js"] : [],
    };

    private static IEnumerable<string> Words(YamlMappingNode root, string key) => Node(root, key) switch
    {
        YamlScalarNode { Value: { } line } => Split(line),
        YamlSequenceNode list => list.OfType<YamlScalarNode>().Select(item => item.Value ?? ""),
        _ => [],
    };

    private static string? Text(YamlMappingNode root, string key) => (Node(root, key) as YamlScalarNode)?.Value;

    private static YamlNode? Node(YamlMappingNode root, string key) => root.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
}
