<?php
// php send.php OPERATION BODY ORDER: sends the body only if refundkit finds no error in it.

const COMMAND = ['refundkit', 'check', '-', '--require-context', '--output-format', 'json'];

// Body and order are texts: what is checked is what is sent, to the last digit.
function check(string $operation, string $body, string $order): array
{
    $process = @proc_open(COMMAND, [['pipe', 'r'], ['pipe', 'w']], $pipes);
    if ($process === false) {
        throw new RuntimeException('refundkit did not start');
    }
    fwrite($pipes[0], '{"operation": ' . json_encode($operation) . ", \"body\": $body, \"order\": $order}");
    fclose($pipes[0]);
    $report = stream_get_contents($pipes[1]);
    fclose($pipes[1]);
    $status = proc_close($process);
    if ($status !== 0 && $status !== 1) {
        throw new RuntimeException("exit status $status");
    }
    return [$status === 0, json_decode($report, true, 512, JSON_THROW_ON_ERROR)['findings']];
}

try {
    [, $operation, $body, $order] = $argv;
    [$clean, $findings] = check($operation, file_get_contents($body), file_get_contents($order));
} catch (Exception $error) {
    echo "not sent: it could not be checked: {$error->getMessage()}\n";
    exit(2);
}
if ($clean) {
    echo "clean\n"; // curl_exec(…) goes here
    exit(0);
}
foreach ($findings as $finding) {
    echo "not sent: {$finding['code']} {$finding['message']}\n";
}
exit(1);
