using System.Text.RegularExpressions;

namespace Orchestrator.Workers.Runtimes.Processes;

/// <summary>An image of the process runtime: the folder <c>name/tag</c> below the root, with its <c>func.yaml</c>.</summary>
internal sealed partial record ImageFolder(string Path, FunctionFile Function)
{
    /// <exception cref="ImageException">The name is not one, the folder is missing or outside the root, or its file is broken.</exception>
    public static ImageFolder Find(string root, string image)
    {
        if (!Name().IsMatch(image) || image.Contains("..", StringComparison.Ordinal))
            throw new ImageException(400, $"Invalid image {Quoted(image)}: name:tag is wanted, of lower-case letters, digits and ._/-, the tag of at most 128 letters, digits and ._-");
        var colon = image.IndexOf(':', StringComparison.Ordinal);
        var realRoot = Libc.RealPath(root);
        var path = realRoot is null ? null : Libc.RealPath($"{realRoot}/{image[..colon]}/{image[(colon + 1)..]}");
        if (path is null || !Directory.Exists(path))
            throw new ImageException(404, $"Failed to pull image '{image}': no such folder below Functions:Root");
        if (!path.StartsWith($"{realRoot}/", StringComparison.Ordinal))
            throw new ImageException(400, $"Invalid image {Quoted(image)}: its folder lies outside of Functions:Root");
        return new ImageFolder(path, FunctionFile.Read(path, image));
    }

    private static string Quoted(string image) => image.Length <= 200 ? $"'{image}'" : $"'{image[..200]}...'";

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._/-]*:[A-Za-z0-9._-]{1,128}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Name();
}
